/** Applies row operations to SQLite. Each shape of operation is compiled and prepared once. */
import type { RecordedEvent } from '@rapport/kernel';
import { ProjectionDefect, ProjectionFailed, reasonOf } from './errors';
import type { RowOperation } from './operations';
import type { Projection } from './projection';
import type { Database, SqlValue } from './sqlite';
import { changeStatement, putStatement, removeStatement, type Index } from './statements';
import type { ColumnType, Table } from './table';

type Statement = ReturnType<Database['prepare']>;
type Values = { readonly [column: string]: unknown };

/** Whose operation it is, for the error. */
export interface Source {
  readonly projection: Projection;
  readonly event: RecordedEvent;
}

/** Calling SQLite costs as much as inserting a row, so consecutive inserts go together. */
const ROWS_AT_ONCE = 32;

/**
 * Operations on one table are applied in their order; those on different tables do not concern each other.
 * Inserts wait for more of them to go together: `flush` before the commit.
 */
export class Writer {
  readonly #tables = new Map<Table, TableWriter>();

  /** @param missing declared indexes that are not there yet: made when an operation needs them, or by `finish` */
  constructor(
    private readonly database: Database,
    private readonly missing: ReadonlyMap<Table, readonly Index[]> = new Map(),
  ) {}

  /** @throws ProjectionFailed naming the projection and the event (this one, or one whose insert waited) */
  apply(operation: RowOperation, source: Source): void {
    const table = this.#tables.get(operation.table) ?? this.#open(operation.table, source);
    if (table.owner !== source.projection) throw failed(source, notIts(operation.table));
    table.apply(operation, source);
  }

  #open(table: Table, source: Source): TableWriter {
    if (!Object.values(source.projection.tables).includes(table)) throw failed(source, notIts(table));
    const writer = new TableWriter(this.database, table, source.projection, [...(this.missing.get(table) ?? [])]);
    this.#tables.set(table, writer);
    return writer;
  }

  /** Applies what is waiting. @throws ProjectionFailed */
  flush(): void {
    for (const table of this.#tables.values()) table.flush();
  }

  /** Makes the indexes that are still missing. */
  finish(): void {
    this.flush();
    for (const [table, indexes] of this.missing) {
      const left = this.#tables.get(table)?.missing ?? indexes;
      for (const index of left) this.database.exec(index.sql);
    }
  }
}

function notIts(table: Table): ProjectionDefect {
  return new ProjectionDefect(`It writes to ${table.storedAs}, which is not one of its tables.`);
}

class TableWriter {
  readonly #columns: readonly string[];
  readonly #statements = new Map<string, Statement>();
  readonly #insert: Statement;
  readonly #insertMany: Statement;
  #waiting: SqlValue[] = [];
  #sources: Source[] = [];

  constructor(
    private readonly database: Database,
    private readonly table: Table,
    readonly owner: Projection,
    public missing: Index[],
  ) {
    this.#columns = Object.keys(table.columns);
    this.#insert = database.prepare(putStatement('insert', table));
    this.#insertMany = database.prepare(putStatement('insert', table, ROWS_AT_ONCE));
  }

  apply(operation: RowOperation, source: Source): void {
    if (operation.kind === 'insert') {
      this.#encodeRow(operation.row, this.#waiting);
      this.#sources.push(source);
      if (this.#sources.length === ROWS_AT_ONCE) this.flush();
      return;
    }
    this.flush();
    this.#attempt(source, () => this.#run(operation));
  }

  flush(): void {
    if (this.#sources.length === 0) return;
    const values = this.#waiting;
    const sources = this.#sources;
    this.#waiting = [];
    this.#sources = [];
    if (sources.length === ROWS_AT_ONCE) {
      try {
        this.#insertMany.run(...values);
        return;
      } catch (error) {
        // A full disk ends the transaction; nothing must be written outside of one.
        if (!this.database.isTransaction) throw failed(sources[0] as Source, error);
        // SQLite undid all of them. One by one below, the row at fault fails again and is known.
      }
    }
    const width = this.#columns.length;
    sources.forEach((source, row) => this.#attempt(source, () => this.#insert.run(...values.slice(row * width, (row + 1) * width))));
  }

  #attempt(source: Source, work: () => void): void {
    try {
      work();
    } catch (error) {
      throw failed(source, error);
    }
  }

  #run(operation: RowOperation): void {
    switch (operation.kind) {
      case 'insert':
      case 'upsert':
      case 'ensure': {
        const { kind } = operation;
        const values: SqlValue[] = [];
        this.#encodeRow(operation.row, values);
        this.#statement(kind, () => putStatement(kind, this.table)).run(...values);
        return;
      }
      case 'patch':
      case 'increment': {
        const { kind } = operation;
        const set = Object.keys(operation.set).filter((column) => operation.set[column] !== undefined);
        if (set.length === 0) return;
        const where = Object.keys(operation.where);
        const statement = this.#statement(`${kind} ${set.join()} ${where.join()}`, () => {
          this.#needsIndex(where);
          return changeStatement(kind, this.table, where, set);
        });
        statement.run(...this.#encode(set, operation.set), ...this.#encodeWhere(where, operation.where));
        return;
      }
      case 'remove': {
        const where = Object.keys(operation.where);
        const statement = this.#statement(`remove ${where.join()}`, () => {
          this.#needsIndex(where);
          return removeStatement(this.table, where);
        });
        statement.run(...this.#encodeWhere(where, operation.where));
      }
    }
  }

  #statement(shape: string, make: () => string): Statement {
    let statement = this.#statements.get(shape);
    if (statement === undefined) {
      statement = this.database.prepare(make());
      this.#statements.set(shape, statement);
    }
    return statement;
  }

  /** Without an index, each event would read the whole table, and a rebuild would take the square of the time. */
  #needsIndex(where: readonly string[]): void {
    if (where.includes(this.table.key[0] as string)) return;
    if (!this.table.indexes.some((index) => where.includes(index[0] as string))) {
      throw new ProjectionDefect(
        `Rows of ${this.table.storedAs} are looked up by (${where.join(', ')}), which neither its key nor an index begins with. Declare an index.`,
      );
    }
    const needed = this.missing.filter((index) => where.includes(index.columns[0] as string));
    for (const index of needed) this.database.exec(index.sql);
    this.missing = this.missing.filter((index) => !needed.includes(index));
  }

  #encodeRow(row: Values, into: SqlValue[]): void {
    for (const column of this.#columns) into.push(encode(this.table.columns[column] as ColumnType, row[column]));
  }

  #encode(columns: readonly string[], values: Values): SqlValue[] {
    return columns.map((column) => encode(this.table.columns[column] as ColumnType, values[column]));
  }

  #encodeWhere(columns: readonly string[], values: Values): SqlValue[] {
    const encoded = this.#encode(columns, values);
    const missing = encoded.indexOf(null);
    if (missing >= 0) throw new ProjectionDefect(`Rows of ${this.table.storedAs} were looked up by '${columns[missing]}' without a value.`);
    return encoded;
  }
}

function encode(type: ColumnType, value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  if (type === 'json' || type === 'json?') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value as SqlValue;
}

/** The error for what went wrong in a projection at an event. */
export function failed({ projection, event }: Source, error: unknown): ProjectionFailed {
  if (error instanceof ProjectionFailed) return error;
  return new ProjectionFailed({
    projection: `${projection.name} v${projection.version}`,
    event: event.id,
    type: event.type,
    position: event.position,
    reason: reasonOf(error),
  });
}
