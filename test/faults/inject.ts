/**
 * A double of bad luck, loaded before the server's own code (`--require`). It changes nothing the server does, except
 * that it ends there, as a power cut would, or loses a thread:
 *
 * - `FAULT="libs/vault/src/claims Claims.confirm before 3"`: the process kills itself before the third call of that method,
 *   or after it; with `call` left out, before or after the first;
 * - `THREAD=committer`: on SIGUSR2 the threads whose module has that name end.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as threads from 'node:worker_threads';

const ROOT = join(__dirname, '..', '..');
const load = createRequire(__filename);

type Method = (this: unknown, ...given: unknown[]) => unknown;

function killAt(module: string, place: string, when: string, call: number): void {
  const [of = '', name = ''] = place.split('.');
  const { [of]: type } = load(join(ROOT, module)) as { [name: string]: { prototype: { [method: string]: Method } } };
  const original = type?.prototype[name];
  if (type === undefined || original === undefined) throw new Error(`${module} has no ${place}.`);
  let calls = 0;
  type.prototype[name] = function (...given) {
    const isNow = ++calls === call;
    if (isNow && when === 'before') process.kill(process.pid, 'SIGKILL');
    const result = original.apply(this, given);
    if (isNow && when === 'after') process.kill(process.pid, 'SIGKILL');
    return result;
  };
}

function endThreads(name: string): void {
  const started: threads.Worker[] = [];
  const { Worker } = threads;
  class Watched extends Worker {
    constructor(module: string | URL, options?: threads.WorkerOptions) {
      super(module, options);
      if (String(module).endsWith(`${name}.js`)) started.push(this);
    }
  }
  Object.assign(load('node:worker_threads') as object, { Worker: Watched });
  process.on('SIGUSR2', () => started.forEach((worker) => void worker.terminate()));
}

const { FAULT, THREAD } = process.env;
if (threads.isMainThread && FAULT !== undefined) {
  const [module = '', place = '', when = 'before', call = '1'] = FAULT.split(' ');
  killAt(module, place, when, Number(call));
}
if (threads.isMainThread && THREAD !== undefined) endThreads(THREAD);
