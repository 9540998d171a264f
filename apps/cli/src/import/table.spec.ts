import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mapping } from './mapping';
import { openTable } from './table';

const folder = mkdtempSync(join(tmpdir(), 'table-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MAPPING: Mapping = {
  name: 'desk',
  system: 'desk',
  source: 'import',
  purpose: 'service-desk',
  csv: { separator: ';', quote: '"', encoding: 'utf-8' },
  unknown: new Set(['']),
  dates: { format: 'iso', timeZone: 'UTC' },
  columns: new Map([
    ['number', { column: 'Number' }],
    ['status', { column: 'State' }],
  ]),
  people: new Map(),
};

async function open(content: string | Buffer) {
  const path = join(folder, 'file.csv');
  writeFileSync(path, content);
  const opened = await openTable(path, MAPPING);
  await opened.rows.return();
  return opened;
}

describe('A file and its mapping', () => {
  it('fit, in whatever order the columns are, with columns that are not read', async () => {
    const { table, header } = await open('State; Number ;Secret\n1;2;3');
    expect(table.unread).toBe(1);
    expect(header.toString()).toBe('State; Number ;Secret');
  });

  it.each([
    ['the file is empty', '', 'The file has no first line that names its columns.'],
    ['its first line is broken', '"Number;State', 'The file has no first line that names its columns.'],
    ['a column is written in another way', 'NUMBER;State', 'Number (it is written NUMBER in the file)'],
    ['the separator is another', 'Number,State', 'The file seems to have one column: is ";" its separator?'],
    ['a column is there twice', 'Number;State;Number', 'The file has more than one column Number'],
    ['its first line is in another encoding', Buffer.from('Number;State;\u00e9', 'latin1'), 'The first line of the file is not in utf-8.'],
  ])('do not fit where %s', async (_, content, reason) => {
    await expect(open(content)).rejects.toThrow(reason);
  });

  it('do not fit where there is no header, and nothing of the first line is told', async () => {
    const error: unknown = await open('INC1;New;Jane Doe').catch((caught: unknown) => caught);
    expect((error as Error).message).toContain('lacks columns that the mapping desk reads');
    expect((error as Error).message).not.toMatch(/INC1|Jane/);
  });
});
