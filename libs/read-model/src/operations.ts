/** What a projection's handler answers an event with: changes to rows, as values. */
import type { Amounts, Changes, Columns, NewRow, Table, Where } from './table';

type Values = { readonly [column: string]: unknown };

export type RowOperation =
  | { readonly kind: 'insert' | 'upsert' | 'ensure'; readonly table: Table; readonly row: Values }
  | { readonly kind: 'patch' | 'increment'; readonly table: Table; readonly where: Values; readonly set: Values }
  | { readonly kind: 'remove'; readonly table: Table; readonly where: Values };

/** One operation, or several, applied in this order. */
export type Operations = RowOperation | readonly RowOperation[];

/** A new row. A row with this key already there is a broken invariant and stops the read models. */
export function insert<C extends Columns>(table: Table<string, C>, row: NoInfer<NewRow<C>>): RowOperation {
  return { kind: 'insert', table, row };
}

/** A new row, or all of its columns anew where its key is there. */
export function upsert<C extends Columns>(table: Table<string, C>, row: NoInfer<NewRow<C>>): RowOperation {
  return { kind: 'upsert', table, row };
}

/** A new row; nothing where its key is there. Before `increment`, for counters that start by themselves. */
export function ensure<C extends Columns>(table: Table<string, C>, row: NoInfer<NewRow<C>>): RowOperation {
  return { kind: 'ensure', table, row };
}

/** Changes columns of every row that equals `where`: none, one or many. */
export function patch<C extends Columns>(table: Table<string, C>, where: NoInfer<Where<C>>, set: NoInfer<Changes<C>>): RowOperation {
  return { kind: 'patch', table, where, set };
}

/** Adds to columns of every row that equals `where`: none, one or many. What is null stays null. */
export function increment<C extends Columns>(table: Table<string, C>, where: NoInfer<Where<C>>, by: NoInfer<Amounts<C>>): RowOperation {
  return { kind: 'increment', table, where, set: by };
}

/** Removes every row that equals `where`: none, one or many. */
export function remove<C extends Columns>(table: Table<string, C>, where: NoInfer<Where<C>>): RowOperation {
  return { kind: 'remove', table, where };
}
