/** The SQL of tables and row operations, made by Kysely: once for each shape, never on the way of an event. */
import { DummyDriver, Kysely, sql, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type CreateTableBuilder } from 'kysely';
import type { ColumnType, Table } from './table';

type Rows = { [table: string]: { [column: string]: unknown } };

const compiler = new Kysely<Rows>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

// Only the SQL is kept; the values given here are never used.
const values = (columns: readonly string[]) => Object.fromEntries(columns.map((column) => [column, '']));

/**
 * Parameters: for each row the values of all columns, in the declaration's order.
 * @param rows how many rows at once
 */
export function putStatement(kind: 'insert' | 'upsert' | 'ensure', table: Table, rows = 1): string {
  const columns = Object.keys(table.columns);
  const into = compiler.insertInto(table.storedAs).values(Array.from({ length: rows }, () => values(columns)));
  if (kind === 'insert') return into.compile().sql;
  const others = columns.filter((column) => !table.key.includes(column));
  if (kind === 'ensure' || others.length === 0) return into.onConflict((on) => on.columns([...table.key]).doNothing()).compile().sql;
  const anew = Object.fromEntries(others.map((column) => [column, sql.ref(`excluded.${column}`)]));
  return into.onConflict((on) => on.columns([...table.key]).doUpdateSet(anew)).compile().sql;
}

/** Parameters: the values of `set` in its order, then those of `where`. */
export function changeStatement(kind: 'patch' | 'increment', table: Table, where: readonly string[], set: readonly string[]): string {
  const added = Object.fromEntries(set.map((column) => [column, sql`${sql.ref(column)} + ${''}`]));
  let query = compiler.updateTable(table.storedAs).set(kind === 'patch' ? values(set) : added);
  for (const column of where) query = query.where(column, '=', '');
  return query.compile().sql;
}

/** Parameters: the values of `where` in its order. */
export function removeStatement(table: Table, where: readonly string[]): string {
  let query = compiler.deleteFrom(table.storedAs);
  for (const column of where) query = query.where(column, '=', '');
  return query.compile().sql;
}

/** @returns SQL that makes the table, without its further indexes */
export function createTable(table: Table): string {
  let builder: CreateTableBuilder<string, string> = compiler.schema.createTable(table.storedAs);
  for (const [name, type] of Object.entries(table.columns)) {
    builder = builder.addColumn(name, storedType(type), (column) => (type.endsWith('?') ? column : column.notNull()));
  }
  return builder.addPrimaryKeyConstraint(`${table.storedAs}__key`, [...table.key]).compile().sql;
}

export interface Index {
  readonly columns: readonly string[];
  /** SQL that makes it. */
  readonly sql: string;
}

export function indexesOf(table: Table): Index[] {
  return table.indexes.map((columns) => ({
    columns,
    sql: compiler.schema
      .createIndex(`${table.storedAs}__${columns.join('__')}`)
      .on(table.storedAs)
      .columns([...columns])
      .compile().sql,
  }));
}

/** @param storedAs the table's name in the database */
export function dropTable(storedAs: string): string {
  return compiler.schema.dropTable(storedAs).ifExists().compile().sql;
}

function storedType(type: ColumnType): 'text' | 'integer' {
  return type.startsWith('integer') || type.startsWith('boolean') ? 'integer' : 'text';
}
