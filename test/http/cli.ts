/** Runs the built command as an operator would, in the environment of a test's server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TestServer } from './server';

const MAIN = join(__dirname, '..', '..', 'dist', 'apps', 'cli', 'src', 'main.js');

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts it. @param env more than the server's own environment */
export function start(
  server: TestServer,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const { INIT_CWD: _, ...environment } = server.environment;
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (heard.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (heard.stderr += chunk.toString()));
  return { child, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, ...heard }))) };
}

export const rapport = (server: TestServer, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> =>
  start(server, args, env).ended;
