/**
 * One process writes a store. The lock is an exclusive transaction on a small SQLite file that the process holds for
 * its life: the operating system lets go of it when the process ends, however it ends, on Linux, macOS and Windows.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

/** Which process has the store open for writing. */
export interface LockHolder {
  /** Undefined for the moment between taking the lock and writing it down. */
  readonly pid?: number;
  /** Where it serves HTTP, once it does. */
  readonly address?: string;
}

/** Another process writes this store. */
export class StoreLocked extends Error {
  override readonly name = 'StoreLocked';
  constructor(
    readonly directory: string,
    readonly holder: LockHolder,
  ) {
    const known = [holder.pid === undefined ? undefined : `process ${holder.pid}`, holder.address].filter((each) => each !== undefined);
    super(
      `The event store in ${directory} is open in another process${known.length === 0 ? '' : ` (${known.join(', ')})`}. ` +
        'Stop that process first, or send the commands to its batch endpoint.',
    );
  }
}

export interface Lock {
  /** Writes down where this process serves HTTP, for `readLockHolder`. */
  announce(address: string): void;
  release(): void;
}

/** Somebody who looks who holds the lock (`readLockHolder`) holds it up for an instant: wait that long, in milliseconds. */
const PATIENCE = 250;

const lockFile = (directory: string) => join(directory, 'events.lock');
const holderFile = (directory: string) => join(directory, 'events.lock.json');

/**
 * @param directory the store's; it is created where it does not exist
 * @throws StoreLocked
 */
export function takeLock(directory: string): Lock {
  mkdirSync(directory, { recursive: true });
  const db = new DatabaseSync(lockFile(directory), { timeout: PATIENCE });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw isBusy(error) ? new StoreLocked(directory, readHolder(directory)) : error;
  }
  const write = (holder: LockHolder) => {
    const draft = `${holderFile(directory)}.new`;
    writeFileSync(draft, JSON.stringify(holder));
    renameSync(draft, holderFile(directory));
  };
  write({ pid: process.pid });
  return {
    announce: (address) => write({ pid: process.pid, address }),
    release: () => {
      rmSync(holderFile(directory), { force: true });
      db.close();
    },
  };
}

/** @returns which process has the store in that directory open for writing; undefined where none has */
export function readLockHolder(directory: string): LockHolder | undefined {
  if (!existsSync(lockFile(directory))) return undefined;
  const db = new DatabaseSync(lockFile(directory), { readOnly: true });
  try {
    // exec, because a prepared statement would keep the file open after close.
    db.exec('SELECT count(*) FROM sqlite_schema');
    return undefined;
  } catch (error) {
    if (isBusy(error)) return readHolder(directory);
    throw error;
  } finally {
    db.close();
  }
}

function readHolder(directory: string): LockHolder {
  try {
    return JSON.parse(readFileSync(holderFile(directory), 'utf8')) as LockHolder;
  } catch {
    return {};
  }
}

const SQLITE_BUSY = 5;
function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}
