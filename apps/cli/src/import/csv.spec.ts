import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderOf, MAX_ROW_BYTES, openCsv, type CsvShape, type Row } from './csv';

const folder = mkdtempSync(join(tmpdir(), 'csv-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SHAPE: CsvShape = { separator: ',', quote: '"', encoding: 'utf-8' };

async function read(content: string | Buffer, shape: Partial<CsvShape> = {}) {
  const path = join(folder, 'file.csv');
  writeFileSync(path, content);
  const csv = await openCsv(path, { ...SHAPE, ...shape });
  const decode = decoderOf(csv.encoding);
  const rows: Row[] = [];
  for await (const row of csv.rows) rows.push(row);
  return {
    ...csv,
    rows,
    told: rows.map((row) => [row.line, ...('cells' in row ? row.cells.map((cell) => decode(cell)) : [`!${row.column}`, row.broken])]),
  };
}

const LONG = 'x'.repeat(1023);
const ROWS = (2 * MAX_ROW_BYTES) / 1024;
const NEVER_CLOSED = 'A quote is opened and never closed.';

describe('A CSV file', () => {
  it.each([
    [
      'rows',
      'a,b\n1,2\n',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'no line break at the end',
      'a,b\n1,2',
      [
        [1, 'a', 'b'],
        [2, '1', '2'],
      ],
    ],
    [
      'line breaks of every kind',
      'a\r\nb\nc\rd',
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd'],
      ],
    ],
    [
      'empty lines, counted and left out',
      '\n\na\r\n\r\nb\n\n',
      [
        [3, 'a'],
        [5, 'b'],
      ],
    ],
    [
      'line breaks, separators and quotes inside quotes',
      'a,"x\r\n""y"",z"\nb,c',
      [
        [1, 'a', 'x\r\n"y",z'],
        [3, 'b', 'c'],
      ],
    ],
    [
      'another number of columns',
      'a,b\n1\n1,2,3',
      [
        [1, 'a', 'b'],
        [2, '1'],
        [3, '1', '2', '3'],
      ],
    ],
    ['nothing', '', []],
  ] as const)('has %s', async (_, content, rows) => {
    expect((await read(content)).told).toEqual(rows);
  });

  it.each([
    [
      'a quote that is never closed',
      'a,b\n1,"2\n3,4\n5,6',
      [
        [1, 'a', 'b'],
        [2, '!1', NEVER_CLOSED],
        [3, '3', '4'],
        [4, '5', '6'],
      ],
    ],
    [
      'one on the last line',
      'a\n"b',
      [
        [1, 'a'],
        [2, '!0', NEVER_CLOSED],
      ],
    ],
    [
      'one after an empty line',
      'a\n\n"b\nc',
      [
        [1, 'a'],
        [3, '!0', NEVER_CLOSED],
        [4, 'c'],
      ],
    ],
  ] as const)('with %s loses that line only', async (_, content, rows) => {
    expect((await read(content)).told).toEqual(rows);
  });

  it('loses the line of a stray quote only, also where another quote follows lines later', async () => {
    const { told, rows } = await read('a,b\n1,"2\n3,4\n5,"6"\n7,8"9\n"x"y,1\n9,9\n');
    expect(told.map(([line, first]) => [line, first])).toEqual([
      [1, 'a'],
      [2, '!1'],
      [3, '3'],
      [4, '5'],
      [5, '!1'],
      [6, '!0'],
      [7, '9'],
    ]);
    expect(rows.map(({ raw }) => raw.toString())).toEqual(['a,b', '1,"2', '3,4', '5,"6"', '7,8"9', '"x"y,1', '9,9']);
  });

  it('gives up on a row that does not end, and goes on with the next line', async () => {
    const { told } = await read(`a,b\n"${`${LONG}\n`.repeat(ROWS)}`);
    expect(told[1]).toEqual([2, '!0', expect.stringContaining('does not end within 256 KiB')]);
    expect(told[2]).toEqual([3, LONG]);
    expect(told).toHaveLength(ROWS + 1);
  });

  it('is read in pieces: rows across them are whole', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `${index},"a\nb ${'é'.repeat(index % 50)}"`);
    const { told } = await read(lines.join('\r\n'));
    expect(told).toHaveLength(lines.length);
    expect(told.map(([line]) => line)).toEqual(lines.map((_, index) => 1 + 2 * index));
    expect(told.at(-1)).toEqual([39_999, '19999', `a\nb ${'é'.repeat(19_999 % 50)}`]);
  });

  it.each([
    ['utf-8', Buffer.from('naïve;€')],
    ['windows-1252', Buffer.from([0x6e, 0x61, 0xef, 0x76, 0x65, 0x3b, 0x80])],
    ['iso-8859-15', Buffer.from([0x6e, 0x61, 0xef, 0x76, 0x65, 0x3b, 0xa4])],
    ['utf-16le', Buffer.from('naïve;€', 'utf16le')],
  ])('is read in %s', async (encoding, content) => {
    expect((await read(content, { separator: ';', encoding })).told).toEqual([[1, 'naïve', '€']]);
  });

  it.each([
    ['UTF-8', Buffer.from('\ufeffé,b')],
    ['UTF-16 little-endian', Buffer.from('\ufeffé,b', 'utf16le')],
    ['UTF-16 big-endian', Buffer.from('\ufeffé,b', 'utf16le').swap16()],
  ])('that begins with the mark of %s is read so, whatever the mapping says', async (_, content) => {
    const { told, marked, encoding } = await read(content, { encoding: 'windows-1252' });
    expect(told).toEqual([[1, 'é', 'b']]);
    expect({ marked, encoding }).toEqual({ marked: true, encoding: 'utf-8' });
  });

  it('tells which cell is not in the encoding, and keeps its bytes', async () => {
    const { told, rows } = await read(Buffer.from([0x61, 0x2c, 0xe9, 0x0a, 0x62, 0x2c, 0x63]));
    expect(told).toEqual([
      [1, 'a', undefined],
      [2, 'b', 'c'],
    ]);
    expect(rows[0]!.raw).toEqual(Buffer.from([0x61, 0x2c, 0xe9]));
  });

  it('without quoting takes quotes as they are', async () => {
    expect((await read('5" pipe\t"\n', { separator: '\t', quote: undefined })).told).toEqual([[1, '5" pipe', '"']]);
  });
});
