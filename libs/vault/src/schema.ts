import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { CheckpointBusy, VaultInUse } from './errors';

/**
 * The vault's tables.
 *
 * Key material (`owner_key.wrapped`, `secret.bytes`) is in tables that are only appended to in the order of their
 * integer key, and it is destroyed by overwriting it in place with as many zeros. That is on purpose: when SQLite
 * splits or merges pages it may leave a copy of a moved row in the unused part of a page, which `secure_delete` does
 * not reach (about one row in ten thousand, measured). Rows that never move leave no copy. What may change its length
 * or is deleted stands in tables without key material.
 *
 * Integer key 0 is never used. All-zero bytes mean destroyed.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS vault_key (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS block (id INTEGER PRIMARY KEY, first INTEGER NOT NULL, size INTEGER NOT NULL, tag INTEGER NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS owner (id TEXT PRIMARY KEY, n INTEGER NOT NULL, status TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS owner_key (n INTEGER PRIMARY KEY, owner TEXT NOT NULL, wrapped BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS secret (
    n INTEGER PRIMARY KEY, tag INTEGER NOT NULL, bytes BLOB NOT NULL,
    owner INTEGER NOT NULL, stream TEXT NOT NULL, event TEXT NOT NULL, category TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS secret_owner ON secret (owner);
  CREATE INDEX IF NOT EXISTS secret_stream ON secret (stream);
  CREATE TABLE IF NOT EXISTS claim (
    token TEXT PRIMARY KEY, owner TEXT NOT NULL, stream TEXT NOT NULL, command_id TEXT NOT NULL, confirmed INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS claim_owner ON claim (owner);
  CREATE INDEX IF NOT EXISTS claim_pending ON claim (command_id) WHERE confirmed = 0;
  CREATE TABLE IF NOT EXISTS tombstone (
    event TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, stream TEXT NOT NULL, of_event TEXT NOT NULL, category TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (event, kind, owner, stream, of_event, category)
  );
`;

/**
 * Opens the file and makes the tables where they are missing. The file is readable by its user only, and locked: a
 * second process must not take the first one's live block for a leftover.
 *
 * @throws VaultInUse
 */
export function openDatabase(file: string): DatabaseSyncInstance {
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file);
  try {
    // The lock comes before WAL mode, so that there is no shared memory file either.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec('PRAGMA secure_delete = ON');
    db.exec('PRAGMA temp_store = MEMORY');
    db.exec('PRAGMA cache_size = -65536');
    transaction(db, () => db.exec(SCHEMA));
    return db;
  } catch (error) {
    db.close();
    throw error instanceof Error && /locked|busy/i.test(error.message) ? new VaultInUse(file, { cause: error }) : error;
  }
}

/** Runs `work` in one transaction, durable when this returns; all of it or nothing. */
export function transaction<T>(db: DatabaseSyncInstance, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

const TRIES = 5;

/**
 * Writes the whole write-ahead log into the database file and cuts it to nothing.
 * @throws CheckpointBusy where a reader kept it from being cut
 */
export function truncateWal(db: DatabaseSyncInstance): void {
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let tries = 0; tries < TRIES; tries++) {
    const row = checkpoint.get() as { busy: number };
    if (row.busy === 0) return;
  }
  throw new CheckpointBusy();
}
