/** Rows of a service desk's log as commands: a change of a call each, and the people in it. */
import { createHash } from 'node:crypto';
import { AddPerson, ImportCallChange } from '@rapport/domain';
import { LRUCache } from 'lru-cache';
import type { Line } from '../batches';
import type { Row } from './csv';
import type { Mapping, PersonRule, Target } from './mapping';
import type { RowPlan } from './run';
import { Body, fieldRules, isReject, type Reject, type Table } from './table';

export const CALLS: Target = { command: ImportCallChange, people: ['openedBy', 'updatedBy', 'assignee', 'caller'] };

/** Distinct people whose cells need not be read again. */
const PEOPLE_REMEMBERED = 10_000;

interface Person {
  /** Their number in that system. */
  readonly number: string;
  /** The command that adds them. */
  readonly line: Line;
}

/** How a row of a log becomes a change of a call. */
export function callPlanner(mapping: Mapping): (row: Row, table: Table) => RowPlan | Reject {
  const { system, source, purpose } = mapping;
  const fields = fieldRules(ImportCallChange, mapping.columns);
  const statusColumn = mapping.columns.get('status')!.column;
  const roles = [...mapping.people].map(([role, rule]) => ({ role, column: rule.column, plan: personPlanner(mapping, role, rule) }));

  return (row, table) => {
    const refused = table.refuse(row);
    if (refused !== undefined || !('cells' in row)) return refused ?? { column: undefined, reason: 'The row is no CSV.' };
    const { cells } = row;
    const body = new Body({ source, purpose, system });
    const people: Line[] = [];
    for (const { role, column, plan } of roles) {
      const person = plan(cells, table);
      if (isReject(person)) return person;
      if (person === undefined) continue;
      body.set(role, column, person.number);
      people.push(person.line);
    }
    const wrong = table.readAll(cells, fields, body) ?? body.check(ImportCallChange);
    if (wrong !== undefined) return wrong;
    const { number, counter, occurredAt } = body.fields as { number: string; counter: number; occurredAt: string };
    // A row is known by these four, the state as it is in the file: it is one change, however often it is sent.
    const key = keyOf('call', system, number, counter, occurredAt, table.raw(cells, statusColumn).trim());
    return {
      first: people,
      lines: [{ command: ImportCallChange.name, key, body: body.fields }],
      columnOf: (field) => body.columns.get(field),
      together: number,
      order: `${occurredAt} ${String(counter).padStart(8, '0')}`,
    };
  };
}

/** How the cells about somebody become the command that adds them. Undefined where nobody is named. */
function personPlanner({ system, source, purpose }: Mapping, role: string, { column, relationship, details }: PersonRule) {
  const number = fieldRules(ImportCallChange, new Map([[role, { column }]]));
  const fields = fieldRules(AddPerson, details);
  const columns = [column, ...[...details.values()].map((rule) => rule.column)];
  const known = new LRUCache<string, { readonly person: Person | Reject | undefined }>({ max: PEOPLE_REMEMBERED });

  const plan = (cells: readonly string[], table: Table): Person | Reject | undefined => {
    const named = new Body({});
    const unreadable = table.readAll(cells, number, named);
    if (unreadable !== undefined) return unreadable;
    const value = named.fields[role] as string | undefined;
    if (value === undefined) return undefined;
    const body = new Body({ source, purpose, relationship, externalSystem: system });
    body.set('externalNumber', column, value);
    const wrong = table.readAll(cells, fields, body) ?? body.check(AddPerson);
    // One number is one person, which the server sees to; the key only makes the very same command the same.
    return (
      wrong ?? { number: value, line: { command: AddPerson.name, key: keyOf('person', JSON.stringify(body.fields)), body: body.fields } }
    );
  };
  return (cells: readonly string[], table: Table): Person | Reject | undefined => {
    const written = columns.map((name) => table.raw(cells, name)).join('\u0000');
    const before = known.get(written);
    if (before !== undefined) return before.person;
    const person = plan(cells, table);
    known.set(written, { person });
    return person;
  };
}

/** An Idempotency-Key that follows from its parts and does not show them. */
function keyOf(...parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
