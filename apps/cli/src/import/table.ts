/** A file read by a mapping: each row as the fields of a command, or as what is wrong with it. */
import { fieldsOf, isInvalid, validate, type FieldInfo, type InputClass } from '@rapport/kernel';
import { Stop } from '../stop';
import { decoderOf, openCsv, type Csv, type CsvShape, type Row } from './csv';
import { instantsOf } from './dates';
import { columnsOf, type ColumnRule, type Mapping } from './mapping';

export interface Reject {
  /** The column's name, where it is one column. */
  readonly column: string | undefined;
  /** What is wrong and what to do about it; never a value of the file. */
  readonly reason: string;
}
export const isReject = (value: unknown): value is Reject => typeof value === 'object' && value !== null && 'reason' in value;

/** The fields of a command, each with the column it is from. */
export class Body {
  readonly fields: { [name: string]: unknown };
  readonly columns = new Map<string, string>();

  /** @param given fields that no column holds */
  constructor(given: { readonly [name: string]: unknown }) {
    this.fields = { ...given };
  }

  set(field: string, column: string, value: unknown): void {
    this.columns.set(field, column);
    this.fields[field] = value;
  }

  /** @returns what is wrong with the fields as the command takes them, and in which column; undefined where nothing is */
  check(command: InputClass): Reject | undefined {
    const result = validate(command, this.fields);
    if (!isInvalid(result)) return undefined;
    const { pointer, detail } = result.violations[0]!;
    return { column: this.columns.get(pointer.slice(1)), reason: detail };
  }
}

/** The header of an open file, and how its cells are read. */
export class Table {
  private readonly decode: (cell: string) => string | undefined;
  private readonly instant: (text: string) => string | undefined;
  private readonly positions: ReadonlyMap<string, number>;

  private constructor(
    readonly header: readonly string[],
    private readonly mapping: Mapping,
    encoding: string,
  ) {
    this.decode = decoderOf(encoding);
    this.instant = instantsOf(mapping.dates);
    this.positions = new Map(header.map((name, index) => [name, index]));
  }

  /** @throws Stop where a column the mapping names is not there */
  static of(header: Row | undefined, mapping: Mapping, encoding: string): Table {
    if (header === undefined || !('cells' in header)) throw new Stop('The file has no first line that names its columns.');
    const decode = decoderOf(encoding);
    const names = header.cells.map((cell) => decode(cell)?.trim());
    if (names.includes(undefined)) {
      throw new Stop(`The first line of the file is not in ${encoding}. Set encoding in the mapping to what the file is in.`);
    }
    const found = names as string[];
    const missing = [...columnsOf(mapping)].filter((column) => !found.includes(column));
    if (missing.length > 0) throw new Stop(missingColumns(missing, found, mapping));
    const twice = [...columnsOf(mapping)].filter((column) => found.indexOf(column) !== found.lastIndexOf(column));
    if (twice.length > 0) throw new Stop(`The file has more than one column ${twice.join(', ')}: which one is meant cannot be told.`);
    return new Table(found, mapping, encoding);
  }

  /** How many columns are not read. */
  get unread(): number {
    return this.header.length - columnsOf(this.mapping).size;
  }

  /** What is wrong with the row as a whole; undefined where nothing is. */
  refuse(row: Row): Reject | undefined {
    if (!('cells' in row)) return { column: row.column === undefined ? undefined : this.header[row.column], reason: row.broken };
    if (row.cells.length === this.header.length) return undefined;
    return { column: undefined, reason: `${this.header.length} columns are expected; this row has ${row.cells.length}.` };
  }

  /** A cell as it is in the file, one byte a character. */
  raw(cells: readonly string[], column: string): string {
    return cells[this.positions.get(column)!]!;
  }

  /** Reads a command's field out of its column into `body`. @returns what is wrong with it; undefined where nothing is */
  read(cells: readonly string[], field: FieldInfo, { column, values }: ColumnRule, body: Body): Reject | undefined {
    const text = this.decode(this.raw(cells, column))?.trim();
    if (text === undefined)
      return { column, reason: 'Characters of this value were lost: it is not in the encoding that the mapping names.' };
    body.columns.set(field.name, column);
    if (this.mapping.unknown.has(text)) return undefined;
    if (values !== undefined) {
      if (!values.has(text))
        return { column, reason: `The mapping says nothing about this value. It knows: ${[...values.keys()].join(', ')}.` };
      body.set(field.name, column, values.get(text));
    } else if (field.schema['format'] === 'date-time') {
      const instant = this.instant(text);
      const { format, timeZone } = this.mapping.dates;
      if (instant === undefined) return { column, reason: `A time that exists in ${timeZone} is expected, written as ${format}.` };
      body.set(field.name, column, instant);
    } else body.set(field.name, column, field.fromText?.(text) ?? text);
    return undefined;
  }

  /** Reads every field that the rules name. */
  readAll(cells: readonly string[], rules: readonly FieldRule[], body: Body): Reject | undefined {
    for (const { field, rule } of rules) {
      const reject = this.read(cells, field, rule, body);
      if (reject !== undefined) return reject;
    }
    return undefined;
  }
}

/** A field of a command and the column it is read from. */
export interface FieldRule {
  readonly field: FieldInfo;
  readonly rule: ColumnRule;
}

/** The fields of a command that the rules name, in the command's order. */
export function fieldRules(command: InputClass, rules: ReadonlyMap<string, ColumnRule>): FieldRule[] {
  return fieldsOf(command).flatMap((field) => {
    const rule = rules.get(field.name);
    return rule === undefined ? [] : [{ field, rule }];
  });
}

/** Names only what the mapping names: where the file has no header, its first line holds somebody's values. */
function missingColumns(missing: readonly string[], found: readonly string[], { name, csv }: Mapping): string {
  const plain = (column: string) => column.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const said = missing.map((column) => {
    const similar = found.find((other) => plain(other) === plain(column));
    return similar === undefined ? `  ${column}` : `  ${column} (it is written ${similar} in the file)`;
  });
  const hint =
    found.length > 1
      ? 'Copy the mapping and name the columns as the file does.'
      : `The file seems to have one column: is ${JSON.stringify(csv.separator)} its separator?`;
  return `The first line of the file lacks columns that the mapping ${name} reads:\n${said.join('\n')}\n${hint}`;
}

/** An opened file, past its header. */
export interface OpenTable extends Csv {
  readonly table: Table;
  /** The bytes of the header, without its line break. */
  readonly header: Buffer;
  readonly csv: CsvShape;
}

/** @throws Stop where the file cannot be read by this mapping */
export async function openTable(path: string, mapping: Mapping): Promise<OpenTable> {
  const csv = await openCsv(path, mapping.csv);
  try {
    const first = await csv.rows.next();
    const header = first.done === true ? undefined : first.value;
    const table = Table.of(header, mapping, csv.encoding);
    return { ...csv, table, header: header!.raw, csv: mapping.csv };
  } catch (error) {
    await csv.rows.return();
    throw error;
  }
}
