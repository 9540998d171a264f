/** The embedded event store: one SQLite file, written by one worker thread with group commit, read on the spot. */
import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { serialize } from '../checks';
import type { EventStore } from '../port';
import { subscription } from '../subscription';
import { startWorker } from '../worker-thread';
import { GroupCommit } from './group-commit';
import { takeLock } from './lock';
import { channelName, type CommitterData, type Ready } from './protocol';
import { Reader } from './reader';
import { Bell, deliver, type Source } from './subscription';
import { Tail } from './tail';

export interface EmbeddedOptions {
  /** The SQLite file. Its directory holds one store, and the lock beside it. */
  readonly file: string;
  /** For another thread or process beside the writer: takes no lock, refuses appends. */
  readonly readOnly?: boolean;
  /** Appends in one transaction at most. Default 1,000. */
  readonly maxBatch?: number;
  /** Makes the id of a store that is created. Default: a random UUID. */
  readonly newStoreId?: () => string;
}

export interface EmbeddedEventStore extends EventStore {
  /** A UUID made when the store was created. */
  readonly storeId: string;
  /** Appends answered and transactions committed since it was opened. */
  stats(): { readonly appends: number; readonly commits: number };
  /** Why the writing thread ended by itself: nothing can be appended until the store is opened again. Undefined while it works. */
  readonly failure: string | undefined;
  /** Lets subscriptions look again now. The writer's own, and those in other threads of its process, need no call. */
  wake(): void;
  /** Writes down where this process serves HTTP, for `readLockHolder`. Does nothing where the store is read-only. */
  announce(address: string): void;
}

/** Where the writer is another process, a waiting subscription looks again after that many milliseconds. */
const POLL = 200;

/**
 * @throws StoreLocked another process writes this store
 * @throws Error read-only, and there is no store yet; or a file of another format
 */
export async function openEmbeddedEventStore(options: EmbeddedOptions): Promise<EmbeddedEventStore> {
  return options.readOnly === true ? openReadOnly(options) : await openWriter(options);
}

async function openWriter({ file, maxBatch = 1_000, newStoreId = randomUUID }: EmbeddedOptions): Promise<EmbeddedEventStore> {
  const lock = takeLock(dirname(file));
  try {
    const path = canonical(file);
    const data: CommitterData = { file: path, newStoreId: newStoreId() };
    const worker = startWorker(join(__dirname, 'committer'), { workerData: data });
    await ready(worker);
    const bell = new Bell();
    const reader = new Reader(path);
    const tail = new Tail();
    const group = new GroupCommit(worker, maxBatch, tail, () => bell.ring());
    return storeOn(
      { reader, bell, tail },
      {
        append: async (stream, expected, events) => group.append(stream, expected, serialize(stream, expected, events)),
        stats: () => group.stats(),
        failure: () => group.failure,
        announce: (address) => lock.announce(address),
        close: async () => {
          await group.close();
          lock.release();
        },
      },
    );
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openReadOnly({ file }: EmbeddedOptions): EmbeddedEventStore {
  const reader = new Reader(file);
  const bell = new Bell();
  const commits = new BroadcastChannel(channelName(canonical(file)));
  commits.onmessage = () => bell.ring();
  commits.unref();
  return storeOn(
    { reader, bell, patience: POLL },
    {
      append: async (stream) => Promise.reject(new Error(`The event store was opened read-only: nothing can be appended to ${stream}.`)),
      stats: () => ({ appends: 0, commits: 0 }),
      failure: () => undefined,
      announce: () => undefined,
      close: async () => commits.close(),
    },
  );
}

function storeOn(
  source: Source,
  { failure, ...writing }: Pick<EmbeddedEventStore, 'append' | 'stats' | 'announce' | 'close'> & { failure(): string | undefined },
): EmbeddedEventStore {
  const { reader, bell } = source;
  const closed = new AbortController();
  let closing: Promise<void> | undefined;
  return {
    ...writing,
    get failure() {
      return failure();
    },
    storeId: reader.storeId,
    wake: () => bell.ring(),
    readStream: async (stream, options) => reader.readStream(stream, options),
    readAll: async (options) => reader.readAll(options),
    head: async () => reader.head(),
    subscribe: (options = {}, signal) => subscription((ended) => deliver(source, options, ended), [signal, closed.signal]),
    close: () => {
      closing ??= (async () => {
        closed.abort();
        await writing.close();
        reader.close();
      })();
      return closing;
    },
  };
}

/** One name for one file, whichever way it is reached: other threads find the commits' channel by it. */
function canonical(file: string): string {
  return join(realpathSync(dirname(file)), basename(file));
}

async function ready(worker: Worker): Promise<Ready> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: Ready) => {
      worker.off('error', reject);
      resolve(message);
    });
  });
}
