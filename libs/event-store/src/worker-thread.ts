import { existsSync } from 'node:fs';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a worker thread from a module of ours, given without its extension: the compiled `.js` where there
 * is one, else the `.ts` itself (tests run from source).
 */
export function startWorker(module: string, options: WorkerOptions): Worker {
  if (existsSync(`${module}.js`)) return new Worker(`${module}.js`, options);
  return new Worker(`${module}.ts`, { ...options, execArgv: ['--require', '@swc-node/register'] });
}
