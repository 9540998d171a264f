/**
 * SQLite as the read models use it: one file that can be thrown away and rebuilt at any time.
 *
 * A connection that was closed keeps its shared lock on the file until its prepared statements are collected as
 * garbage, or its thread ends. So whoever needs the file for itself (`rebuild`) runs in another thread or process
 * than those who had it open.
 */
import { DatabaseSync } from '@photostructure/sqlite';
import { SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';

export type Database = InstanceType<typeof DatabaseSync>;
export type SqlValue = string | number | null;

const CACHE_KIB = 64 * 1024;
/** How long to wait for another connection's lock, in milliseconds. */
const BUSY_MS = 5_000;
const CACHED_STATEMENTS = 500;

/**
 * Opens the file for the one writer. WAL and `synchronous=NORMAL`: a power cut may lose the last transactions, rows
 * and checkpoint together, and they are projected again. Pages are taken over from the WAL every 16 MB rather than
 * every 4: those of indexes are written again and again. Deleted rows are overwritten (`secure_delete`).
 * @param file a path, or `:memory:`
 */
export function openForWriting(file: string): Database {
  return open(file, `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;`);
}

/**
 * Opens a new file to be filled in one transaction and put into place when it is whole. Nothing is synced and the
 * undo journal is in memory: a file that was not finished is thrown away.
 */
export function openForBuilding(file: string): Database {
  return open(file, `PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;`);
}

function open(file: string, pragmas: string): Database {
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  return prepared(database, `${pragmas} PRAGMA cache_size = -${CACHE_KIB}; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;`);
}

/** @throws Error where the file is not there */
export function openForReading(file: string): Database {
  const database = new DatabaseSync(file, { timeout: BUSY_MS, readOnly: true });
  return prepared(database, `PRAGMA cache_size = -${CACHE_KIB}; PRAGMA temp_store = MEMORY;`);
}

function prepared(database: Database, pragmas: string): Database {
  try {
    database.exec(pragmas);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work` in one transaction: all of it, or none. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Kysely's SQLite dialect on this driver. Statements are prepared once for each SQL text. */
export function dialectOf(database: Database): SqliteDialect {
  const statements = new Map<string, SqliteStatement>();
  const adapted: SqliteDatabase = {
    close: () => {
      statements.clear();
      database.close();
    },
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      if (statements.size >= CACHED_STATEMENTS) statements.clear();
      const statement = adapt(database, sql);
      statements.set(sql, statement);
      return statement;
    },
  };
  return new SqliteDialect({ database: adapted });
}

function adapt(database: Database, sql: string): SqliteStatement {
  const statement = database.prepare(sql);
  const values = (parameters: readonly unknown[]) => parameters as SqlValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)) as unknown[],
    run: (parameters) => statement.run(...values(parameters)),
    // A statement of its own: an iteration may be left open while the same query runs again.
    iterate: (parameters) => database.prepare(sql).iterate(...values(parameters)),
  };
}
