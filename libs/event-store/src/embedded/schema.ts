import { existsSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';

export type Database = InstanceType<typeof DatabaseSync>;

/** Kept in SQLite's user_version. */
const FORMAT = 1;

/** Another program may hold the file for a moment, a backup for instance: wait that long, in milliseconds. */
const BUSY_TIMEOUT = 5_000;

/**
 * An index costs a page write an event where its entries are spread; that by stream is needed, and an event that is
 * appended again is recognized by its place in its stream, so ids need none. That by type is appended to at the end of
 * each type, a page for all events of a type in a commit, and spares a start the whole history: see `INDEXES`.
 */
const SCHEMA = `
  CREATE TABLE store (id TEXT NOT NULL) STRICT;
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);
`;

/** Made where they are missing, also in a file that was written before they were thought of. */
const INDEXES = `CREATE INDEX IF NOT EXISTS events_by_type ON events (type)`;

/**
 * Opens the file for the one writer and creates it where it is new.
 * @param newStoreId the id of a store that is created
 * @throws Error where the file was written by a newer version
 */
export function openForWriting(file: string, newStoreId: string): { db: Database; storeId: string } {
  const db = new DatabaseSync(file, { timeout: BUSY_TIMEOUT });
  // FULL: a commit is on the disk when it returns. Checkpoints every 16 MB of WAL (4 KB pages) rather than every 4.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000');
  if (formatOf(db) === 0) {
    db.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${FORMAT}`);
    db.prepare('INSERT INTO store (id) VALUES (?)').run(newStoreId);
    db.exec('COMMIT');
  }
  checkFormat(db, file);
  db.exec(INDEXES);
  return { db, storeId: storeIdOf(db) };
}

/** @throws Error where there is no store yet, or the file was written by a newer version */
export function openForReading(file: string): { db: Database; storeId: string } {
  if (!existsSync(file)) throw new Error(`There is no event store at ${file} yet. Start the server once to create it.`);
  const db = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT });
  db.exec('PRAGMA cache_size = -65536');
  checkFormat(db, file);
  return { db, storeId: storeIdOf(db) };
}

function checkFormat(db: Database, file: string): void {
  const found = formatOf(db);
  if (found !== FORMAT)
    throw new Error(`${file} has format ${found} and this version reads format ${FORMAT}. Use the version that wrote it.`);
}

function formatOf(db: Database): number {
  return (db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
}

function storeIdOf(db: Database): string {
  return (db.prepare('SELECT id FROM store').get() as { id: string }).id;
}
