/** The thread that projects, with connections of its own; started by `runProjections`. */
import { isNativeError } from 'node:util/types';
import { parentPort, workerData } from 'node:worker_threads';
import { openEventStore, type EventStore, type Position } from '@rapport/event-store';
import { declarationsOf } from '@rapport/kernel/recorded';
import { ProjectionFailed, reasonOf, type Failure } from './errors';
import { follow, PACE } from './follow';
import { loadProjections } from './module';
import { Pace } from './pace';
import { Projector } from './projector';
import type { ReadModelsConfig } from './runtime';
import { openForWriting } from './sqlite';

/** What it is told. */
export type WorkerCommand = 'hurry' | 'stop';

/** What it tells. */
export type WorkerMessage =
  | { readonly kind: 'ready'; readonly position: Position | undefined }
  | { readonly kind: 'applied'; readonly position: Position | undefined; readonly caughtUp: boolean }
  | { readonly kind: 'failed'; readonly failure: Failure };

async function main({ module, file, store: where, batchSize }: ReadModelsConfig): Promise<void> {
  const stop = new AbortController();
  const pace = new Pace(PACE);
  const tell = (message: WorkerMessage) => parentPort?.postMessage(message);
  // Also keeps the thread alive while it waits for events.
  parentPort?.on('message', (command: WorkerCommand) => {
    pace.hurry();
    if (command === 'stop') stop.abort();
  });
  const database = openForWriting(file);
  let store: EventStore | undefined;
  let following = false;
  try {
    const { projections, declarations } = loadProjections(module);
    const projector = new Projector(database, projections, declarationsOf(declarations));
    store = await openEventStore({ ...where, readOnly: true });
    tell({ kind: 'ready', position: projector.position });
    const report = (position: Position | undefined, caughtUp: boolean) => tell({ kind: 'applied', position, caughtUp });
    following = true;
    await follow(store, projector, report, { batchSize, pace, signal: stop.signal });
  } catch (error) {
    // Before the first event is read, no message can hold anything of one.
    const reason = following || !isNativeError(error) ? reasonOf(error) : error.message;
    tell({ kind: 'failed', failure: error instanceof ProjectionFailed ? error.failure : { reason } });
  } finally {
    parentPort?.close();
    database.close();
    await store?.close();
  }
}

void main(workerData as ReadModelsConfig);
