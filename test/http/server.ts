/**
 * Starts the built server as a user would, in folders of its own, and talks to it over HTTP only.
 *
 * Its events are in the embedded store. Where TEST_EVENT_STORE is set, each server gets an EventStoreDB of its own
 * instead, because a history is one installation's: TEST_EVENT_STORE is a command that starts an empty one, prints its
 * `esdb://` address, and ends it on SIGTERM.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance, type Answered } from './conformance';

export const MAIN = join(__dirname, '..', '..', 'dist', 'apps', 'server', 'src', 'main.js');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export class TestServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'rapport-http-'));
  readonly dataDir = join(this.folder, 'data');
  log = '';
  private child: ChildProcess | undefined;
  private readonly tokens = new Map<string, string>();
  private eventStore: { readonly url: string; readonly process: ChildProcess } | undefined;
  private check: ReturnType<typeof conformance> | undefined;

  private constructor(
    readonly port: number,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param env instead of a test's own: a server for tests starts empty */
  static async start(env: NodeJS.ProcessEnv = {}): Promise<TestServer> {
    const server = await TestServer.prepare(env);
    await server.start();
    return server;
  }

  /** One that is not started yet. */
  static async prepare(env: NodeJS.ProcessEnv = {}): Promise<TestServer> {
    return new TestServer(await freePort(), env);
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** What it is started with: also for commands beside it. */
  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      EVENT_STORE_URL: this.eventStore?.url,
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      XDG_CONFIG_HOME: join(this.folder, 'config'),
      NODE_ENV: 'test',
      ...this.env,
    };
  }

  /**
   * Starts it, again where it was killed; one that still runs is stopped first.
   * @param more of the environment, for this start only
   * @throws Error with the log, where it ends before it is ready
   */
  async start(more: NodeJS.ProcessEnv = {}): Promise<void> {
    if (this.child !== undefined) await this.kill();
    if (process.env['TEST_EVENT_STORE'] && this.env['EVENT_STORE_URL'] === undefined) this.eventStore ??= await startEventStore();
    const child = spawn(process.execPath, [MAIN], { env: { ...this.environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.log += chunk.toString();
        if (chunk.includes('Rapport is ready')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${this.log}`)));
    });
  }

  /** @returns its exit code; null where the signal ended it */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    return ended(this.child!, signal);
  }

  /** Waits for its end. @returns as `kill` */
  async ended(): Promise<number | null> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return new Promise((resolve) => child.once('exit', resolve));
  }

  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.child!.kill(signal);
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.eventStore !== undefined) await ended(this.eventStore.process);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A token of a demo person. */
  token(person: string): Promise<string> {
    return this.grant({ grant_type: 'urn:rapport:demo-person', client_id: 'demo', person });
  }

  /** A token of a demo service. */
  serviceToken(service: string): Promise<string> {
    return this.grant({ grant_type: 'client_credentials', client_id: service, client_secret: `${service}-secret` });
  }

  private async grant(form: Record<string, string>): Promise<string> {
    const body = new URLSearchParams(form);
    const known = this.tokens.get(body.toString());
    if (known !== undefined) return known;
    const answer = await fetch(`${this.url}/identity/token`, { method: 'POST', body });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    this.tokens.set(body.toString(), token);
    return token;
  }

  /** @param person undefined for nobody */
  async call(
    person: string | undefined,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      headers: {
        ...(person === undefined ? {} : { authorization: `Bearer ${await this.token(person)}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
    const text = await answer.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const { status, headers: answered } = answer;
    await this.conforms({ method, path, status, mediaType: answered.get('content-type') ?? '', body: parsed });
    return { status, headers: answered, body: parsed };
  }

  /** @throws Error where an answer is not as the interface is described */
  async conforms(answered: Answered): Promise<void> {
    this.check ??= conformance((await (await fetch(`${this.url}/openapi.json`)).json()) as Parameters<typeof conformance>[0]);
    this.check(answered);
  }
}

async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return exited;
}

async function startEventStore(): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.env['TEST_EVENT_STORE']!, { shell: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const address = /^esdb\S+$/m.exec(said);
      if (address !== null) resolve(address[0]);
    });
    child.once('exit', (code) => reject(new Error(`TEST_EVENT_STORE ended with ${code} and printed no esdb:// address.`)));
  });
  return { url, process: child };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
