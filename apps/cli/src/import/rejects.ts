/** The rejects file: rows that were not imported, as they were, each with its line, column and reason before it. */
import { accessSync, closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { Stop } from '../stop';
import type { Row } from './csv';
import type { OpenTable, Reject } from './table';

const MOST_NAMES = 1000;

/**
 * Made when the first row is refused, readable by its user only, never over a file that is there. It is in the form of
 * the file that is imported, with three columns more, so it can be corrected and imported like that file.
 */
export class Rejects {
  private descriptor: number | undefined;
  private made: string | undefined;
  count = 0;

  /**
   * @param named where the user wants it; undefined for a free name beside `source`
   * @throws Stop where it could not be made
   */
  constructor(
    private readonly source: string,
    private readonly named: string | undefined,
    private readonly form: Pick<OpenTable, 'encoding' | 'marked' | 'header' | 'csv'>,
  ) {
    const folder = dirname(named ?? source);
    try {
      accessSync(folder, constants.W_OK);
    } catch {
      throw new Stop(`Nothing can be written to ${folder}, where rejected rows would go. Name another file: --rejects FILE`);
    }
    if (named !== undefined) this.open(named, `${named} is there already and is not written over. Name another file.`);
  }

  /** Where they are; undefined where there are none. */
  get path(): string | undefined {
    return this.count === 0 ? undefined : this.made;
  }

  add(row: Row, { column, reason }: Reject): void {
    if (this.descriptor === undefined) this.openBeside();
    if (this.count++ === 0) this.write(['line', 'column', 'reason'], this.form.header);
    // What cannot be split into columns is kept as one value, or it would break the rows after it.
    const kept = 'cells' in row ? row.raw : Buffer.from(this.quoted(row.raw.toString('latin1')), 'latin1');
    this.write([String(row.line), column ?? '', reason], kept);
  }

  close(): void {
    if (this.descriptor === undefined) return;
    fsyncSync(this.descriptor);
    closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private openBeside(): void {
    const { source } = this;
    for (let n = 1; n <= MOST_NAMES && this.descriptor === undefined; n++) {
      this.open(join(dirname(source), `${basename(source, extname(source))}.rejects${n === 1 ? '' : `-${n}`}.csv`));
    }
    if (this.descriptor === undefined)
      throw new Stop('There are too many files of rejected rows beside the file. Name one: --rejects FILE');
  }

  private open(path: string, taken?: string): void {
    try {
      this.descriptor = openSync(path, 'wx', 0o600);
      this.made = path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new Stop(`${path} cannot be made (${(error as NodeJS.ErrnoException).code}).`);
      if (taken !== undefined) throw new Stop(taken);
      return;
    }
    if (this.form.marked) writeSync(this.descriptor, '\ufeff');
  }

  private write(values: readonly string[], row: Buffer): void {
    const { separator } = this.form.csv;
    const first = values.map((value) => this.bytesOf(value)).map((value) => (/[^\w .:/-]/.test(value) ? this.quoted(value) : value));
    writeSync(this.descriptor!, Buffer.concat([Buffer.from(`${first.join(separator)}${separator}`, 'latin1'), row, Buffer.from('\n')]));
  }

  /** Text of ours in the file's own encoding, one byte a character: where that is not UTF-8, ASCII says it. */
  private bytesOf(text: string): string {
    if (this.form.encoding === 'utf-8') return Buffer.from(text).toString('latin1');
    return text.replace(/[‘’]/g, "'").replace(/[^\n -~]/g, '?');
  }

  private quoted(bytes: string): string {
    const { quote, separator } = this.form.csv;
    return quote === undefined ? bytes.replaceAll(separator, ' ') : `${quote}${bytes.replaceAll(quote, quote + quote)}${quote}`;
  }
}
