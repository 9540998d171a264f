/** Runs the projections in a thread of their own, and tells the main thread how far they are. */
import { join } from 'node:path';
import { startWorker, type Position } from '@rapport/event-store';
import { ProjectionFailed } from './errors';
import { Progress, type Status } from './progress';
import type { WorkerCommand, WorkerMessage } from './worker';

/** Plain data: it is sent to the worker. */
export interface ReadModelsConfig {
  /** The module of the projections: absolute path without extension; see `ProjectionsModule`. */
  readonly module: string;
  /** The SQLite file of the read models; made where it is not there. Its one writer is the worker. */
  readonly file: string;
  /** The event store, as `openEventStore` takes it. An embedded one must exist already. */
  readonly store: { readonly url?: string; readonly dataDir: string };
  /** Events in one transaction at most. Default 5,000. */
  readonly batchSize?: number;
}

export interface ReadModels {
  status(): Status;
  /**
   * Waits until a query shows everything up to `position`, as a command's answer gave it.
   * @param timeout milliseconds
   * @throws ReadModelBehind, ProjectionFailed
   */
  waitFor(position: Position, timeout: number): Promise<void>;
  /** Waits until the end of the store is reached. @throws ProjectionFailed */
  caughtUp(): Promise<void>;
  /** Ends after the batch that is being applied. */
  stop(): Promise<void>;
}

export interface ReadModelsOptions {
  /** Told once, when projecting stops by an error. */
  readonly onFailure?: (error: ProjectionFailed) => void;
  /** Milliseconds of a clock that never goes back, for the lag. */
  readonly now?: () => number;
}

/**
 * Starts projecting.
 * @returns when the tables are there, so that they can be queried; they may still be catching up
 * @throws ProjectionFailed the projections cannot be run, or a store cannot be opened
 */
export async function runProjections(
  config: ReadModelsConfig,
  { onFailure = () => undefined, now = () => performance.now() }: ReadModelsOptions = {},
): Promise<ReadModels> {
  const progress = new Progress(now);
  const worker = startWorker(join(__dirname, 'worker'), { workerData: config });
  const tell = (command: WorkerCommand) => worker.postMessage(command);
  let stopping = false;
  /** Told to hurry, and not heard of since. */
  let hurrying = false;
  const hurry = () => {
    if (!hurrying) tell('hurry');
    hurrying = true;
  };
  await new Promise<void>((resolve, reject) => {
    let ready = false;
    const fail = (error: ProjectionFailed) => {
      if (progress.status().error !== undefined) return;
      progress.stopped(error);
      if (ready) onFailure(error);
      else reject(error);
    };
    worker.on('message', (message: WorkerMessage) => {
      switch (message.kind) {
        case 'ready':
          ready = true;
          progress.advanced(message.position, false);
          return resolve();
        case 'applied':
          hurrying = false;
          progress.advanced(message.position, message.caughtUp);
          if (progress.isAwaited) hurry();
          return;
        case 'failed':
          return fail(new ProjectionFailed(message.failure));
      }
    });
    worker.on('error', (error) => fail(new ProjectionFailed({ reason: `the thread broke off (${error.name})` })));
    worker.on('exit', () => {
      if (stopping) progress.stopped(new ProjectionFailed({ reason: 'they were told to stop' }));
      else fail(new ProjectionFailed({ reason: 'the thread ended' }));
    });
  }).catch(async (error: unknown) => {
    await worker.terminate();
    throw error;
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  return {
    status: () => progress.status(),
    waitFor: (position, timeout) => {
      if (!progress.hasPassed(position)) hurry();
      return progress.waitFor(position, timeout);
    },
    caughtUp: () => progress.caughtUp(),
    stop: () => {
      stopping = true;
      tell('stop');
      return exited;
    },
  };
}
