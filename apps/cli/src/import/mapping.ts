/** A mapping: how one system's export is read. A YAML file that people write; ready ones are in `config/mappings`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AddPerson, RELATIONSHIPS, SOURCES, type Relationship, type Source } from '@rapport/domain';
import { fieldsOf, isInvalid, validate, type FieldInfo, type InputClass } from '@rapport/kernel';
import { projectRoot } from '../../../server/src/stores';
import { Stop } from '../stop';
import type { CsvShape } from './csv';
import { checkDates, type DateShape } from './dates';
import { YamlFile, type Entry } from './yaml';

/** What a row becomes: the command it is sent as, and which of its fields name people by number. */
export interface Target<P extends string = string> {
  readonly command: InputClass;
  readonly people: readonly P[];
}

export interface ColumnRule {
  readonly column: string;
  /** What stands in the file → what is sent; undefined where it is sent as it stands. */
  readonly values?: ReadonlyMap<string, unknown>;
}

/** A person's details that a file may hold beside the number. */
const DETAIL_COLUMNS = ['name', 'email', 'telephone', 'jobTitle'] as const;

export interface PersonRule {
  readonly column: string;
  readonly relationship: Relationship;
  readonly details: ReadonlyMap<(typeof DETAIL_COLUMNS)[number], ColumnRule>;
}

export interface Mapping {
  readonly name: string;
  readonly system: string;
  readonly source: Source;
  readonly purpose: string;
  readonly csv: CsvShape;
  readonly unknown: ReadonlySet<string>;
  readonly dates: DateShape;
  readonly columns: ReadonlyMap<string, ColumnRule>;
  readonly people: ReadonlyMap<string, PersonRule>;
}

/** Every column that the mapping reads. */
export function columnsOf({ columns, people }: Mapping): Set<string> {
  const ofPeople = [...people.values()].flatMap(({ column, details }) => [column, ...[...details.values()].map((rule) => rule.column)]);
  return new Set([...[...columns.values()].map(({ column }) => column), ...ofPeople]);
}

const folder = () => join(projectRoot(), 'config', 'mappings');

/** Names of the mappings that are ready. */
export function readyMappings(): string[] {
  return readdirSync(folder()).flatMap((file) => (file.endsWith('.yaml') ? [basename(file, '.yaml')] : []));
}

/**
 * @param nameOrFile the name of a ready mapping, or a file
 * @throws Stop with everything that is wrong, each with its line
 */
export function readMapping(nameOrFile: string, target: Target): Mapping {
  const ready = readyMappings();
  const file = ready.includes(nameOrFile) ? join(folder(), `${nameOrFile}.yaml`) : nameOrFile;
  if (!existsSync(file)) {
    throw new Stop(`There is no mapping ${nameOrFile}: neither a file nor one of those that are ready (${ready.join(', ')}).`);
  }
  const yaml = new YamlFile(readFileSync(file, 'utf8'));
  const mapping = yaml.complaints.length > 0 ? undefined : mappingIn(basename(file, '.yaml'), yaml.root, target);
  if (mapping !== undefined && yaml.complaints.length === 0) return mapping;
  const told = yaml.complaints
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, path, reason }) => `  line ${line}${path === '' ? '' : `, ${path}`}: ${reason}`);
  throw new Stop(`The mapping ${file} cannot be used:\n${told.join('\n')}`);
}

/** Fields of every command that a mapping gives once for the whole file. */
const GIVEN = ['system', 'source', 'purpose', 'channel'];

function mappingIn(name: string, root: Entry, target: Target): Mapping {
  const file = root.record(['system', 'source', 'purpose', 'separator', 'quote', 'encoding', 'unknown', 'dates', 'people', 'columns']);
  const fields = new Map(fieldsOf(target.command).map((field) => [field.name, field]));
  const check = (entry: Entry, field: string) => {
    const text = entry.text();
    if (entry.isThere) complainOf(entry, target.command, field, text);
    return text;
  };
  return {
    name,
    system: check(file.system, 'system'),
    source: file.source.isThere ? file.source.oneOf(SOURCES) : (file.source.text() as Source),
    purpose: check(file.purpose, 'purpose'),
    csv: { separator: oneCharacter(file.separator, ','), quote: quoteIn(file.quote), encoding: encodingIn(file.encoding) },
    unknown: new Set(['', ...file.unknown.texts([])]),
    dates: datesIn(file.dates),
    columns: file.columns.isThere ? columnsIn(file.columns, target, fields) : (file.columns.text(), new Map()),
    people: file.people.isThere ? peopleIn(file.people, target) : new Map<string, PersonRule>(),
  };
}

function oneCharacter(entry: Entry, otherwise: string): string {
  const text = entry.text(otherwise);
  // Other encodings than UTF-16 are read byte by byte.
  if (!/^(?:\t|[ -~])$/.test(text)) entry.complain('One ASCII character is expected, such as "," or "\\t".');
  return text;
}

function quoteIn(entry: Entry): string | undefined {
  return entry.isThere && entry.text() === 'none' ? undefined : oneCharacter(entry, '"');
}

function encodingIn(entry: Entry): string {
  const label = entry.text('utf-8');
  try {
    new TextDecoder(label);
  } catch {
    entry.complain('There is no such encoding: a label of the Encoding standard is expected, such as utf-8, windows-1252 or utf-16le.');
  }
  return label;
}

function datesIn(entry: Entry): DateShape {
  if (!entry.isThere) {
    entry.complain('Say how times are written: dates: { format: dd-MM-yyyy HH:mm, timeZone: UTC }.');
    return { format: 'iso', timeZone: 'UTC' };
  }
  const { format, timeZone } = entry.record(['format', 'timeZone']);
  const shape = { format: format.text(), timeZone: timeZone.text() };
  const wrong = format.isThere && timeZone.isThere ? checkDates(shape) : undefined;
  if (wrong !== undefined) (wrong.field === 'format' ? format : timeZone).complain(wrong.reason);
  return shape;
}

function columnsIn(entry: Entry, { command, people }: Target, fields: ReadonlyMap<string, FieldInfo>): Map<string, ColumnRule> {
  const open = [...fields.keys()].filter((name) => !people.includes(name) && !GIVEN.includes(name));
  const rules = new Map<string, ColumnRule>();
  for (const [field, rule] of entry.entries()) {
    if (people.includes(field)) rule.complain('This is a person: name the column under people.');
    else if (!open.includes(field)) rule.complain(`There is no such field; the fields are: ${open.join(', ')}.`);
    else
      rules.set(
        field,
        columnRule(rule, (target, value) => complainOf(target, command, field, value)),
      );
  }
  for (const field of open) {
    if (fields.get(field)!.optional || rules.has(field)) continue;
    entry.complain(`The column of ${field} is missing: ${fields.get(field)!.description}`);
  }
  return rules;
}

function columnRule(entry: Entry, check: (entry: Entry, value: unknown) => void): ColumnRule {
  if (!entry.isMap) return { column: entry.text() };
  const { column, values } = entry.record(['column', 'values']);
  if (!values.isThere) return { column: column.text() };
  const known = new Map<string, unknown>();
  for (const [text, value] of values.entries()) {
    known.set(text, value.value());
    check(value, value.value());
  }
  return { column: column.text(), values: known };
}

function peopleIn(entry: Entry, { people }: Target): Map<string, PersonRule> {
  const rules = new Map<string, PersonRule>();
  for (const [role, rule] of entry.entries()) {
    if (!people.includes(role)) {
      rule.complain(`There is nobody by that name; people here are: ${people.join(', ')}.`);
      continue;
    }
    const { column, relationship, ...details } = rule.record(['column', 'relationship', ...DETAIL_COLUMNS]);
    rules.set(role, {
      column: column.text(),
      relationship: relationship.isThere ? relationship.oneOf(RELATIONSHIPS) : (relationship.text() as Relationship),
      details: new Map(
        DETAIL_COLUMNS.flatMap((detail) =>
          details[detail].isThere
            ? [[detail, columnRule(details[detail], (target, value) => complainOf(target, AddPerson, detail, value))] as const]
            : [],
        ),
      ),
    });
  }
  return rules;
}

/** Complains where a value is none that the command's field takes. */
function complainOf(entry: Entry, command: InputClass, field: string, value: unknown): void {
  const result = validate(command, { [field]: value });
  const found = isInvalid(result) ? result.violations.find(({ pointer }) => pointer === `/${field}`) : undefined;
  if (found !== undefined) entry.complain(found.detail);
}
