/** The vault's SQLite file: locked, readable by its user only, and with nothing of what was destroyed left in it. */
import { chmodSync, closeSync, fdatasync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { CheckpointBusy, VaultInUse, VaultUnavailable } from './errors';
import { SCHEMA } from './schema';

export type Row = { readonly [column: string]: unknown };

export class Database {
  private readonly db: DatabaseSyncInstance;
  private readonly statements = new Map<string, StatementSyncInstance>();
  private readonly log: number;
  /** Transactions committed by `soon`, and how many of them are durable. */
  private written = 0;
  private synced = 0;
  private syncing: Promise<void> | undefined;

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
      this.log = openSync(`${file}-wal`, 'r+');
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
    const result = this.atomically(work);
    // The log is written in order: what was committed before is durable with it.
    this.synced = this.written;
    return result;
  }

  /**
   * Runs `work` in one transaction; all of it or nothing. It is seen at once and outlives the process, but a power cut
   * only once `durable` has resolved: many share one flush of the log.
   * @throws VaultUnavailable
   */
  soon<T>(work: () => T): T {
    this.db.exec('PRAGMA synchronous = NORMAL');
    try {
      const result = this.atomically(work);
      this.written++;
      return result;
    } finally {
      this.db.exec('PRAGMA synchronous = FULL');
    }
  }

  /** Resolves when everything committed so far is durable; at once where it is. @throws VaultUnavailable */
  async durable(): Promise<void> {
    for (const wanted = this.written; this.synced < wanted;) await (this.syncing ??= this.sync());
  }

  private async sync(): Promise<void> {
    try {
      // Whatever else this turn of the event loop writes goes with it.
      await setImmediate();
      const upTo = this.written;
      await flush(this.log);
      this.synced = Math.max(this.synced, upTo);
    } catch (cause) {
      throw new VaultUnavailable({ cause });
    } finally {
      this.syncing = undefined;
    }
  }

  private atomically<T>(work: () => T): T {
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
      closeSync(this.log);
    }
  }
}

export type SqlValue = string | number | Uint8Array;

const flush = promisify(fdatasync);

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
