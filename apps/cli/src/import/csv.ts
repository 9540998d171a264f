/**
 * Rows of a CSV file of any size, as they are read. What is wrong with one row is told in its place, and the next row
 * is read all the same; each row comes with its bytes, so that nothing of a refused one is lost.
 */
import { createReadStream, statSync } from 'node:fs';
import { CsvError, parse, type Parser } from 'csv-parse';

export interface CsvShape {
  /** One character. */
  readonly separator: string;
  /** One character; undefined where nothing is quoted. */
  readonly quote: string | undefined;
  /** As the Encoding standard labels it: utf-8, windows-1252, utf-16le … A mark at the file's beginning counts more. */
  readonly encoding: string;
}

interface Place {
  /** The line it begins on, from 1, as an editor shows it. */
  readonly line: number;
  /** Its bytes as they are in the file, without the line break at its end. A file in UTF-16 is turned into UTF-8 first. */
  readonly raw: Buffer;
  /** How much of the file has been read, from 0 to 1. */
  readonly share: number;
}
/** `cells` hold one byte a character: `decode` makes text of them. */
export type Row = Place & ({ readonly cells: readonly string[] } | { readonly broken: string; readonly column: number | undefined });

export interface Csv {
  /** The encoding the cells are in. */
  readonly encoding: string;
  /** The file began with a mark that says so. */
  readonly marked: boolean;
  readonly rows: AsyncGenerator<Row, void>;
}

/** A longer row is refused; it also ends the search for a closing quote. */
export const MAX_ROW_BYTES = 256 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const MARKS = [
  { encoding: 'utf-8', bytes: Buffer.from([0xef, 0xbb, 0xbf]) },
  { encoding: 'utf-16le', bytes: Buffer.from([0xff, 0xfe]) },
  { encoding: 'utf-16be', bytes: Buffer.from([0xfe, 0xff]) },
];

/** Opens the file. Empty lines are left out; the first row is the header, where the file has one. */
export async function openCsv(path: string, shape: CsvShape): Promise<Csv> {
  const start: Buffer[] = [];
  for await (const chunk of createReadStream(path, { end: 2 })) start.push(chunk as Buffer);
  const first = Buffer.concat(start);
  const mark = MARKS.find(({ bytes }) => first.subarray(0, bytes.length).equals(bytes));
  const encoding = new TextDecoder(mark?.encoding ?? shape.encoding).encoding;
  const source = createReadStream(path, { start: mark?.bytes.length ?? 0 });
  const wide = encoding.startsWith('utf-16');
  const chunks = counted(source, statSync(path).size);
  return {
    encoding: wide ? 'utf-8' : encoding,
    marked: mark !== undefined || wide,
    rows: rowsOf(wide ? narrowed(chunks, encoding) : chunks, shape),
  };
}

/** @returns the text of a cell; undefined where its bytes are none in that encoding */
export function decoderOf(encoding: string): (cell: string) => string | undefined {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const windows = decoder.encoding === 'windows-1252';
  return (cell) => {
    if (/^[\x20-\x7e]*$/.test(cell)) return cell;
    try {
      const text = windows ? asWindows1252(cell) : decoder.decode(Buffer.from(cell, 'latin1'));
      // What stands for a character that was lost, here or before the file was made.
      return text.includes('\ufffd') ? undefined : text;
    } catch {
      return undefined;
    }
  };
}

/** Bytes 0x80 to 0x9f. Node 20 and 22 decode them as ISO 8859-1, which no file means (nodejs/node#56542). */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const asWindows1252 = (cell: string) => cell.replace(/[\x80-\x9f]/g, (byte) => WINDOWS_1252[byte.charCodeAt(0) - 0x80]!);

interface Chunk {
  readonly bytes: Buffer;
  readonly share: number;
}

async function* counted(source: AsyncIterable<unknown>, size: number): AsyncGenerator<Chunk> {
  let read = 0;
  for await (const chunk of source) {
    const bytes = chunk as Buffer;
    read += bytes.length;
    yield { bytes, share: size === 0 ? 1 : Math.min(1, read / size) };
  }
}

/** UTF-16 as UTF-8: only there may a separator's byte be half of another character. */
async function* narrowed(chunks: AsyncIterable<Chunk>, encoding: string): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder(encoding);
  let share = 0;
  for await (const chunk of chunks) {
    share = chunk.share;
    yield { bytes: Buffer.from(decoder.decode(chunk.bytes, { stream: true })), share };
  }
  yield { bytes: Buffer.from(decoder.decode()), share };
}

interface Parsed {
  readonly cells: string[];
  /** Bytes from where the parser began to the end of the record. */
  readonly end: number;
}

/** csv-parse, fed by hand: its own stream drops the rows before an error together with it. */
class Feed {
  private readonly parser: Parser;
  private parsed: Parsed[] = [];
  private failure: Error | undefined;

  constructor({ separator, quote }: CsvShape) {
    this.parser = parse({
      // Byte by byte: every encoding here but UTF-16 writes separators, quotes and line breaks as ASCII does.
      encoding: 'latin1',
      delimiter: separator,
      quote: quote ?? null,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_ROW_BYTES,
      on_record: (cells: string[], { bytes }) => {
        this.parsed.push({ cells, end: bytes });
        return null;
      },
    });
    this.parser.on('error', (error) => (this.failure = error));
    this.parser.resume();
  }

  /** @param bytes the next ones; undefined at the end @returns the rows that are complete, and what is wrong after them */
  async take(bytes: Buffer | undefined): Promise<{ parsed: Parsed[]; failure: Error | undefined }> {
    await new Promise<void>((resolve) => {
      if (bytes === undefined) {
        this.parser.once('close', resolve);
        this.parser.end();
      } else {
        this.parser.write(bytes, (error) => {
          this.failure ??= error ?? undefined;
          resolve();
        });
      }
    });
    const { parsed, failure } = this;
    this.parsed = [];
    return { parsed, failure };
  }
}

async function* rowsOf(source: AsyncGenerator<Chunk>, shape: CsvShape): AsyncGenerator<Row, void> {
  try {
    yield* split(source, shape);
  } finally {
    await source.return(undefined);
  }
}

async function* split(source: AsyncIterator<Chunk>, shape: CsvShape): AsyncGenerator<Row, void> {
  let feed = new Feed(shape);
  // The bytes after the last row that is complete, the line they begin on, and how many the parser had before them.
  let window: Buffer = Buffer.alloc(0);
  let line = 1;
  let before = 0;
  let share = 0;
  let next: Buffer | undefined = window;

  const place = (length: number): Place => {
    const bytes = window.subarray(0, length);
    window = window.subarray(length);
    // Empty lines were left out before the row; they count as lines.
    let from = 0;
    while (bytes[from] === CR || bytes[from] === LF) from++;
    let to = bytes.length;
    while (to > from && (bytes[to - 1] === CR || bytes[to - 1] === LF)) to--;
    const at = line + lineBreaks(bytes.subarray(0, from));
    line += lineBreaks(bytes);
    return { line: at, raw: Buffer.from(bytes.subarray(from, to)), share };
  };

  for (;;) {
    const { parsed, failure } = await feed.take(next);
    for (const { cells, end } of parsed) {
      yield { ...place(end - before), cells };
      before = end;
    }
    if (failure !== undefined) {
      // Which quote is the wrong one nobody can tell: the line the row begins on is refused, and the next line is looked at anew.
      for (let ended = next === undefined; !ended && lineLength(window) === undefined;) {
        const more: IteratorResult<Chunk> = await source.next();
        ended = more.done === true;
        if (more.done !== true) window = Buffer.concat([window, more.value.bytes]);
      }
      const { reason, column } = explain(failure);
      yield { ...place(lineLength(window) ?? window.length), broken: reason, column };
      feed = new Feed(shape);
      before = 0;
      if (window.length > 0) {
        next = window;
        continue;
      }
    } else if (next === undefined) return;

    const more: IteratorResult<Chunk> = await source.next();
    next = more.done === true ? undefined : more.value.bytes;
    if (more.done !== true) {
      share = more.value.share;
      window = Buffer.concat([window, more.value.bytes]);
    }
  }
}

/** Bytes to the end of the first line that is not empty, its line break included; undefined where it does not end here. */
function lineLength(bytes: Buffer): number | undefined {
  let from = 0;
  while (bytes[from] === CR || bytes[from] === LF) from++;
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] === LF) return at + 1;
    // Whether a line feed follows is seen one byte later.
    if (bytes[at] === CR && at + 1 < bytes.length) return bytes[at + 1] === LF ? at + 2 : at + 1;
  }
  return undefined;
}

function lineBreaks(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] !== LF)) count++;
  }
  return count;
}

/** In our own words: the parser's hold what is in the file. */
function explain(error: Error): { reason: string; column: number | undefined } {
  if (!(error instanceof CsvError)) throw error;
  const column = typeof error['column'] === 'number' ? error['column'] : undefined;
  switch (error.code as string) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return { reason: 'A quote is opened and never closed.', column };
    case 'CSV_MAX_RECORD_SIZE':
      return { reason: `The row does not end within ${MAX_ROW_BYTES / 1024} KiB: most likely a quote is never closed.`, column };
    case 'CSV_INVALID_CLOSING_QUOTE':
      return { reason: 'After a closing quote the next column is expected; write a quote inside a quoted value twice.', column };
    case 'INVALID_OPENING_QUOTE':
      return { reason: 'A quote stands inside a value that is not quoted.', column };
    default:
      return { reason: `The row is no CSV (${error.code}).`, column };
  }
}
