import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STATUSES } from '@rapport/domain';
import { CALLS } from './calls';
import { columnsOf, readMapping, readyMappings } from './mapping';

const folder = mkdtempSync(join(tmpdir(), 'mapping-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = `system: desk
source: import
purpose: customer-service
dates: { format: iso, timeZone: UTC }
people:
  caller: { column: Who, relationship: customer }
columns:
  number: Number
  counter: Times
  occurredAt: Changed
  status:
    column: State
    values: { Open: new, Done: closed }
`;

function read(text: string) {
  const file = join(folder, 'mapping.yaml');
  writeFileSync(file, text);
  return readMapping(file, CALLS);
}

/** The lines of the complaint without its heading. */
function complaints(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe('A mapping', () => {
  it('is read, with what it leaves out filled in', () => {
    const mapping = read(GOOD);
    expect(mapping).toMatchObject({ name: 'mapping', system: 'desk', csv: { separator: ',', quote: '"', encoding: 'utf-8' } });
    expect([...mapping.unknown]).toEqual(['']);
    expect([...columnsOf(mapping)]).toEqual(['Number', 'Times', 'Changed', 'State', 'Who']);
    expect([...mapping.columns.get('status')!.values!]).toEqual([
      ['Open', 'new'],
      ['Done', 'closed'],
    ]);
  });

  it('takes another shape of file, and details of people', () => {
    const mapping = read(
      GOOD.replace('source: import', 'source: import\nseparator: "\\t"\nquote: none\nencoding: latin1\nunknown: [N/A, "?"]').replace(
        'relationship: customer }',
        'relationship: customer, name: Name, email: { column: Mail, values: { x: a@example.org } } }',
      ),
    );
    expect(mapping.csv).toEqual({ separator: '\t', quote: undefined, encoding: 'latin1' });
    expect([...mapping.unknown]).toEqual(['', 'N/A', '?']);
    expect([...mapping.people.get('caller')!.details.keys()]).toEqual(['name', 'email']);
  });

  it('keeps words of the file that YAML would take for something else', () => {
    const text = `${GOOD}  priorityConfirmed: { column: Checked, values: { TRUE: true, no: false, 1: true, null: false } }\n`;
    expect([...read(text).columns.get('priorityConfirmed')!.values!]).toEqual([
      ['TRUE', true],
      ['no', false],
      ['1', true],
      ['null', false],
    ]);
  });

  it.each([
    ['an unknown entry', GOOD.replace('source: import', 'sauce: import'), 2, 'sauce: There is no such entry'],
    ['a missing entry', GOOD.replace('source: import\n', ''), 1, 'source: This is missing'],
    ['a source that is none', GOOD.replace('source: import', 'source: hearsay'), 2, 'source: One of these is expected: data-subject'],
    ['a purpose that cannot be one', GOOD.replace('customer-service', 'Customer Service'), 3, 'purpose: '],
    ['a long separator', GOOD.replace('source: import', 'source: import\nseparator: "||"'), 3, 'separator: One ASCII character'],
    ['an encoding there is not', GOOD.replace('source: import', 'source: import\nencoding: utf-9'), 3, 'encoding: There is no such'],
    ['a format that lacks something', GOOD.replace('format: iso', 'format: dd-MM-yyyy'), 4, 'dates.format: The format must tell'],
    ['a time zone there is not', GOOD.replace('timeZone: UTC', 'timeZone: Mars'), 4, 'dates.timeZone: There is no such time zone'],
    ['no dates', GOOD.replace(/dates.*\n/, ''), 1, 'dates: Say how times are written'],
    ['a person there is not', GOOD.replace('caller:', 'uncle:'), 6, 'people.uncle: There is nobody by that name'],
    [
      'a relationship there is not',
      GOOD.replace('relationship: customer', 'relationship: friend'),
      6,
      'people.caller.relationship: One of these',
    ],
    [
      'a field there is not',
      GOOD.replace('  counter: Times', '  counter: Times\n  colour: Red'),
      10,
      'columns.colour: There is no such field; the fields are: occurredAt, number',
    ],
    [
      'a person among the columns',
      GOOD.replace('  counter: Times', '  counter: Times\n  assignee: Who'),
      10,
      'columns.assignee: This is a person',
    ],
    ['a field that must be there', GOOD.replace('  counter: Times\n', ''), 7, 'columns: The column of counter is missing'],
    [
      'a status there is not',
      GOOD.replace('Done: closed', 'Done: finished'),
      13,
      'columns.status.values.Done: One of these is expected: new',
    ],
    ['a list where a text is meant', GOOD.replace('number: Number', 'number: [a, b]'), 8, 'columns.number: One value is expected here'],
    ['columns that are none', GOOD.replace(/columns:[^]*/, 'columns: all\n'), 7, 'columns: Entries are expected here'],
    ['an entry given twice', `${GOOD}system: other\n`, 14, 'This is no YAML (duplicate key)'],
    ['a bad indentation', GOOD.replace('  caller', ' caller').replace('columns:', '   columns:'), 7, 'This is no YAML ('],
    ['nothing in it', '', 1, 'Entries are expected here'],
  ])('with %s is refused, with the line', (_, text, line, reason) => {
    const told = complaints(text);
    const found = told.find((complaint) => complaint.includes(reason)) ?? told.join('; ');
    expect(found).toContain(reason);
    expect(found).toMatch(new RegExp(`^line ${line}[,:]`));
  });

  it('tells everything that is wrong with it at once', () => {
    const told = complaints(
      GOOD.replace('source: import', 'source: hearsay').replace('timeZone: UTC', 'timeZone: Mars').replace('Done: closed', 'Done: over'),
    );
    expect(told.map((line) => /^line \d+/.exec(line)?.[0])).toEqual(['line 2', 'line 4', 'line 13']);
  });

  it('that is not there is told with those that are ready', () => {
    expect(() => readMapping(join(folder, 'nowhere.yaml'), CALLS)).toThrow(/neither a file nor one of those that are ready \(.*servicenow/);
  });

  it.each(readyMappings())('%s, which is ready, can be used', (name) => {
    expect(readMapping(name, CALLS).columns.size).toBeGreaterThan(4);
  });

  it('servicenow knows a status for each of ours, and reads nothing about the future', () => {
    const mapping = readMapping('servicenow', CALLS);
    expect(new Set(mapping.columns.get('status')!.values!.values())).toEqual(new Set(STATUSES));
    expect([...columnsOf(mapping)].filter((column) => /^(closed|resolved)_/.test(column))).toEqual([]);
    expect(readFileSync('config/mappings/servicenow.yaml', 'utf8')).toContain('npm run rapport -- import calls');
  });
});
