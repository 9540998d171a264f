/** The vault's SQLite file: locked, readable by its user only, and with nothing of what was destroyed left in it. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { CheckpointBusy, VaultInUse, VaultUnavailable } from './errors';
import { SCHEMA } from './schema';

export type Row = { readonly [column: string]: unknown };

export class Database {
  private readonly db: DatabaseSyncInstance;
  private readonly statements = new Map<string, StatementSyncInstance>();

  /**
   * Opens the file and makes the tables where they are missing. It is locked until `close`, or the end of the process:
   * a second process must not take the first one's live block for a leftover.
   *
   * @throws VaultInUse
   */
  constructor(readonly file: string) {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    this.db = new DatabaseSync(file);
    try {
      // The lock comes before WAL mode, so that there is no shared memory file either.
      this.db.exec('PRAGMA locking_mode = EXCLUSIVE');
      this.db.exec('PRAGMA journal_mode = WAL');
      this.db.exec('PRAGMA synchronous = FULL');
      this.db.exec('PRAGMA secure_delete = ON');
      this.db.exec('PRAGMA temp_store = MEMORY');
      this.db.exec('PRAGMA cache_size = -65536');
      this.transaction(() => this.db.exec(SCHEMA));
      // A process that was killed may have left in the log what it had just destroyed.
      this.truncateWal();
    } catch (error) {
      this.db.close();
      throw resultCode(error) === SQLITE_BUSY ? new VaultInUse(file, { cause: error }) : error;
    }
  }

  /** The one row of a query. @param values of its parameters */
  get<T extends object = Row>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.prepare(sql).get(...values) as T | undefined;
  }

  all<T extends object = Row>(sql: string, ...values: SqlValue[]): T[] {
    return this.prepare(sql).all(...values) as T[];
  }

  /** @returns how many rows it changed */
  run(sql: string, ...values: SqlValue[]): number {
    return this.prepare(sql).run(...values).changes;
  }

  private prepare(sql: string): StatementSyncInstance {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `work` in one transaction, durable when this returns; all of it or nothing. @throws VaultUnavailable */
  transaction<T>(work: () => T): T {
    try {
      this.db.exec('BEGIN IMMEDIATE');
      const result = work();
      this.db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw UNAVAILABLE.has(resultCode(error) ?? -1) ? new VaultUnavailable({ cause: error }) : error;
    }
  }

  /**
   * Writes the whole write-ahead log into the database file and cuts it to nothing.
   * @throws CheckpointBusy where a reader kept it from being cut
   */
  truncateWal(): void {
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')!.busy === 0) return;
    }
    throw new CheckpointBusy();
  }

  close(): void {
    if (!this.db.isOpen) return;
    try {
      // A closed connection lives on until its statements are collected as garbage, and would keep its lock till then.
      this.db.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT 1 FROM meta');
    } finally {
      this.statements.clear();
      this.db.close();
    }
  }
}

export type SqlValue = string | number | Uint8Array;

const TRIES = 5;
const SQLITE_BUSY = 5;
/** Busy, read-only, input/output error, full, cannot open: nothing is wrong with what was to be written. */
const UNAVAILABLE = new Set([SQLITE_BUSY, 8, 10, 13, 14]);

/** SQLite's primary result code; undefined for any other error. */
function resultCode(error: unknown): number | undefined {
  if (error instanceof VaultUnavailable) return resultCode(error.cause);
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : undefined;
}
