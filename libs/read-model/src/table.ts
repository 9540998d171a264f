/** The tables of a projection, as it declares them: columns and their types, the key, further indexes. */

declare const jsonType: unique symbol;
declare const wordType: unique symbol;

type Kind = 'text' | 'integer' | 'boolean' | 'json';
/** A question mark: may be null. Booleans are stored as 0 and 1, JSON as text. */
export type ColumnType = Kind | `${Kind}?`;
export type Columns = { readonly [column: string]: ColumnType };

type Json<T, K extends 'json' | 'json?'> = K & { readonly [jsonType]: T };

/** A JSON column whose values have the type T. */
export function jsonOf<T>(): Json<T, 'json'> {
  return 'json' as Json<T, 'json'>;
}
/** As `jsonOf`, and may be null. */
export function jsonOrNullOf<T>(): Json<T, 'json?'> {
  return 'json?' as Json<T, 'json?'>;
}

type Word<T, K extends 'text' | 'text?'> = K & { readonly [wordType]: T };

/** A text column that holds one of a few words. */
export function wordOf<T extends string>(): Word<T, 'text'> {
  return 'text' as Word<T, 'text'>;
}
/** As `wordOf`, and may be null. */
export function wordOrNullOf<T extends string>(): Word<T, 'text?'> {
  return 'text?' as Word<T, 'text?'>;
}

/** The text of a JSON column, as queries return it: `json(row.value)` reads it. */
export type JsonText<T = unknown> = string & { readonly [jsonType]?: () => T };

type BareRead<K> = K extends { readonly [jsonType]: infer T }
  ? JsonText<T>
  : K extends { readonly [wordType]: infer T }
    ? T
    : K extends 'integer' | 'integer?'
      ? number
      : K extends 'boolean' | 'boolean?'
        ? 0 | 1
        : string;
type BareWrite<K> = K extends { readonly [jsonType]: infer T } | { readonly [wordType]: infer T }
  ? T
  : K extends 'integer' | 'integer?'
    ? number
    : K extends 'boolean' | 'boolean?'
      ? boolean
      : K extends 'json' | 'json?'
        ? unknown
        : string;
type Nullable<C extends Columns> = { [K in keyof C]: C[K] extends `${Kind}?` ? K : never }[keyof C];
type Scalar<C extends Columns> = { [K in keyof C]: C[K] extends 'json' | 'json?' ? never : K }[keyof C];
type Integer<C extends Columns> = { [K in keyof C]: C[K] extends 'integer' | 'integer?' ? K : never }[keyof C];

/** A row as queries return it. */
export type SelectedRow<C extends Columns> = { [K in keyof C]: BareRead<C[K]> | (K extends Nullable<C> ? null : never) };
/** A row as handlers write it: what may be null may be left out. */
export type NewRow<C extends Columns> = { readonly [K in Exclude<keyof C, Nullable<C>>]: BareWrite<C[K]> } & {
  readonly [K in Nullable<C>]?: BareWrite<C[K]> | null;
};
/** Columns to change: `undefined` leaves a column as it is, null empties it. */
export type Changes<C extends Columns> = { readonly [K in keyof C]?: BareWrite<C[K]> | (K extends Nullable<C> ? null : never) };
/** Which rows: those whose columns equal all of these. */
export type Where<C extends Columns> = { readonly [K in Scalar<C>]?: BareWrite<C[K]> };
/** How much to add to which columns. */
export type Amounts<C extends Columns> = { readonly [K in Integer<C>]?: number };

export interface Table<N extends string = string, C extends Columns = Columns> {
  readonly name: N;
  readonly columns: C;
  readonly key: readonly string[];
  readonly indexes: readonly (readonly string[])[];
  /** Its name in the database, with the projection's version. @throws Error where no projection has it */
  readonly storedAs: string;
}

const NAME = /^[a-z][a-z0-9_]*$/;

/**
 * Declares a table.
 *
 * @param key the columns that identify a row
 * @param indexes further columns rows are looked up by; `patch`, `remove` and `increment` need the key's or an
 * index's first column among theirs
 * @throws Error where a name is not lower-case letters, digits and underscores, or a key or index names no column
 */
export function table<const N extends string, const C extends Columns>(
  name: N,
  columns: C,
  options: { key: readonly (Scalar<C> & string)[]; indexes?: readonly (readonly (Scalar<C> & string)[])[] },
): Table<N, C> {
  const indexes = options.indexes ?? [];
  for (const word of [name, ...Object.keys(columns)]) {
    if (!NAME.test(word)) throw new Error(`Tables and columns are named in lower-case letters, digits and underscores: '${word}'.`);
  }
  if (options.key.length === 0) throw new Error(`The table ${name} needs a key.`);
  for (const column of [...options.key, ...indexes.flat()]) {
    if (!(column in columns)) throw new Error(`A key or index of the table ${name} names a column it does not have: '${column}'.`);
  }
  const nullable = options.key.find((column) => columns[column]?.endsWith('?'));
  if (nullable !== undefined) throw new Error(`The key of the table ${name} cannot be null: '${nullable}'.`);
  return new DeclaredTable(name, columns, options.key, indexes);
}

class DeclaredTable<N extends string, C extends Columns> implements Table<N, C> {
  #storedAs: string | undefined;

  constructor(
    readonly name: N,
    readonly columns: C,
    readonly key: readonly string[],
    readonly indexes: readonly (readonly string[])[],
  ) {}

  get storedAs(): string {
    if (this.#storedAs === undefined) throw new Error(`The table ${this.name} belongs to no projection: name it in one's tables.`);
    return this.#storedAs;
  }

  belongTo(projection: string, version: number): void {
    if (this.#storedAs !== undefined) throw new Error(`The table ${this.name} already belongs to a projection (${this.#storedAs}).`);
    this.#storedAs = `${projection}_v${version}__${this.name}`;
  }
}

/** Gives the table to a projection. @throws Error where it has one already */
export function assign(declared: Table, projection: string, version: number): void {
  if (!(declared instanceof DeclaredTable)) throw new Error('Tables are made with table().');
  declared.belongTo(projection, version);
}
