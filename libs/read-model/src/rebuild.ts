/** Builds all read models anew, from the first event, and puts them into place in one step. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { EventStore, Position } from '@rapport/event-store';
import { declarationsOf } from '@rapport/kernel/recorded';
import { ReadModelInUse } from './errors';
import { BATCH_SIZE } from './follow';
import type { ProjectionsModule } from './module';
import { Projector } from './projector';
import { openForBuilding, openForWriting } from './sqlite';

export interface RebuildOptions extends ProjectionsModule {
  readonly store: EventStore;
  /** The file of the read models; nobody may have it open. */
  readonly file: string;
  /** Events read at once. Default 5,000. */
  readonly batchSize?: number;
  /** Called after each batch with the number of events so far. */
  readonly onProgress?: (events: number) => void;
}

/**
 * Rebuilds into `<file>.new`, then renames it. Whenever it is killed, the file is the old one or the new one.
 *
 * @returns how many events were read, and the position they go to
 * @throws ReadModelInUse somebody has the file open; ProjectionFailed. The old file stays.
 */
export async function rebuild(options: RebuildOptions): Promise<{ events: number; position: Position | undefined }> {
  release(options.file);
  const fresh = `${options.file}.new`;
  rmSync(fresh, { force: true });
  const built = await build(fresh, options);
  sync(fresh);
  release(options.file);
  renameSync(fresh, options.file);
  sync(dirname(options.file));
  return built;
}

async function build(
  file: string,
  { store, projections, declarations, batchSize = BATCH_SIZE, onProgress }: RebuildOptions,
): Promise<{ events: number; position: Position | undefined }> {
  const database = openForBuilding(file);
  try {
    const projector = new Projector(database, projections, declarationsOf(declarations), { indexes: 'last' });
    let count = 0;
    let position: Position | undefined;
    database.exec('BEGIN');
    for (;;) {
      const events = await store.readAll({ limit: batchSize, ...(position === undefined ? {} : { from: position }) });
      position = events.at(-1)?.position ?? position;
      projector.applyInTransaction(events, position);
      count += events.length;
      onProgress?.(count);
      if (events.length < batchSize) break;
    }
    projector.finish();
    database.exec('COMMIT');
    return { events: count, position };
  } finally {
    database.close();
  }
}

/**
 * Takes the write-ahead log into the file and removes it: left beside another file, it would be applied to that one.
 * @throws ReadModelInUse
 */
function release(file: string): void {
  if (!existsSync(file)) return removeLog(file);
  let database: ReturnType<typeof openForWriting> | undefined;
  try {
    database = openForWriting(file);
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE');
  } catch (error) {
    if (isBusy(error)) throw new ReadModelInUse(file);
    // It cannot be read: that may be why it is rebuilt.
    database?.close();
    database = undefined;
    removeLog(file);
  } finally {
    database?.close();
  }
}

function removeLog(file: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' && (code & 0xff) === SQLITE_BUSY;
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
