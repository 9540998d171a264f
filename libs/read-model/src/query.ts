/** Reading the read models, with Kysely, from a connection that cannot write. */
import type { Paged, Place } from '@rapport/kernel';
import { Kysely, sql, type AliasedExpression, type SelectQueryBuilder } from 'kysely';
import { dialectOf, openForReading, type Database } from './sqlite';
import type { Columns, JsonText, SelectedRow, Table } from './table';

/** Tables are named by `from` and `named`, so that their versions stay out of the queries. */
export type ReadDatabase = Kysely<Record<never, never>>;

export interface ReadModel {
  readonly db: ReadDatabase;
  close(): Promise<void>;
}

/** Opens the file that `runProjections` has made. @throws Error where it is not there */
export function openReadModel(file: string): ReadModel {
  return readModelOn(openForReading(file));
}

/** @param database stays its owner's, and is closed with the read model */
export function readModelOn(database: Database): ReadModel {
  const db: ReadDatabase = new Kysely<Record<never, never>>({ dialect: dialectOf(database) });
  return {
    db,
    close: async () => {
      await db.destroy();
      if (database.isOpen) database.close();
    },
  };
}

/** A query on a table, by the name it was declared with: `from(db, values).where('value.person', '=', id).selectAll()`. */
export function from<N extends string, C extends Columns>(db: ReadDatabase, table: Table<N, C>) {
  return db.selectFrom(named(table));
}

/** The table under the name it was declared with, for joins: `.innerJoin(named(calls), 'call.id', 'value.call')`. */
export function named<N extends string, C extends Columns>(table: Table<N, C>): AliasedExpression<SelectedRow<C>, N> {
  return sql<SelectedRow<C>>`${sql.table(table.storedAs)}`.as(table.name);
}

/** How many entries a page has where nobody says how many. */
const PAGE = 100;

/**
 * A page of a query, from after a place. Ordered by columns that together tell its rows apart, so that rows that are
 * added meanwhile move no other row to another page.
 *
 * @param by columns of text, as `table.column`
 * @returns the rows, and the place to go on from where there are more
 */
export async function page<DB, TB extends keyof DB, Row>(
  query: SelectQueryBuilder<DB, TB, Row>,
  { after, limit = PAGE }: Pick<Paged, 'after' | 'limit'>,
  by: readonly `${string}.${keyof Row & string}`[],
  direction: 'oldest first' | 'newest first',
): Promise<{ rows: Row[]; next?: Place }> {
  const columns = by.map((column) => sql.ref(column));
  const forwards = direction === 'oldest first';
  let some = query.limit(limit + 1);
  for (const column of columns) some = some.orderBy(column, forwards ? 'asc' : 'desc');
  if (after !== undefined) {
    const beyond = sql<boolean>`(${sql.join(columns)}) ${sql.raw(forwards ? '>' : '<')} (${sql.join(after)})`;
    some = some.where(beyond);
  }
  const rows = (await some.execute()) as Row[];
  if (rows.length <= limit) return { rows };
  rows.length = limit;
  const last = rows[limit - 1] as { readonly [column: string]: string };
  return { rows, next: by.map((column) => last[column.slice(column.indexOf('.') + 1)]!) };
}

/** The value of a JSON column; null where it is null. */
export function json<T>(text: JsonText<T>): T;
export function json<T>(text: JsonText<T> | null): T | null;
export function json<T>(text: JsonText<T> | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
