/** Reading a YAML file that people write: everything that is wrong is told at once, each with its line. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml';

export interface Complaint {
  readonly line: number;
  /** The path of the entry: `dates.format`. */
  readonly path: string;
  readonly reason: string;
}

/** A node of the file. Its methods complain where it is not what they are asked for, and answer with something harmless. */
export class Entry {
  constructor(
    private readonly file: YamlFile,
    private readonly node: Node | undefined,
    readonly path: string,
    private readonly line: number,
  ) {}

  complain(reason: string): void {
    this.file.complaints.push({ line: this.line, path: this.path, reason });
  }

  get isThere(): boolean {
    return this.node !== undefined;
  }

  get isMap(): boolean {
    return isMap(this.node);
  }

  /** The entries of a map, in their order. */
  entries(): Map<string, Entry> {
    const found = new Map<string, Entry>();
    if (!isMap(this.node)) {
      this.complain('Entries are expected here, as name: value.');
      return found;
    }
    for (const { key, value } of this.node.items as Pair<Node, Node | null>[]) {
      // As it is written: TRUE is a word of the file that is imported, not yet a truth value.
      const name = isScalar(key) ? (key.source ?? String(key.value)) : '';
      const line = this.file.lineOf(key) ?? this.line;
      const empty = value === null || (isScalar(value) && value.value === null);
      found.set(name, new Entry(this.file, empty ? undefined : value, this.path === '' ? name : `${this.path}.${name}`, line));
    }
    return found;
  }

  /** The entries of a map that may have these and no others. */
  record<const N extends string>(names: readonly N[]): { readonly [name in N]: Entry } {
    const entries = this.entries();
    for (const [name, entry] of entries) {
      if (!(names as readonly string[]).includes(name)) entry.complain(`There is no such entry; known here: ${names.join(', ')}.`);
    }
    return Object.fromEntries(
      names.map((name) => [
        name,
        entries.get(name) ?? new Entry(this.file, undefined, this.path === '' ? name : `${this.path}.${name}`, this.line),
      ]),
    ) as { [name in N]: Entry };
  }

  /** A text; a number or a truth value as it is written. @param otherwise where the entry is not there; without it, it must be */
  text(otherwise?: string): string {
    if (this.node === undefined) {
      if (otherwise === undefined) this.complain('This is missing.');
      return otherwise ?? '';
    }
    if (!isScalar(this.node)) {
      this.complain('One value is expected here.');
      return otherwise ?? '';
    }
    return typeof this.node.value === 'string' ? this.node.value : (this.node.source ?? String(this.node.value));
  }

  /** A value as YAML reads it: text, a number, true or false. */
  value(): unknown {
    if (isScalar(this.node)) return this.node.value;
    this.complain('One value is expected here.');
    return undefined;
  }

  /** One of the given words. */
  oneOf<const W extends string>(words: readonly W[]): W {
    const text = this.text();
    if (this.node !== undefined && !(words as readonly string[]).includes(text))
      this.complain(`One of these is expected: ${words.join(', ')}.`);
    return text as W;
  }

  /** Texts, in a list or one alone. */
  texts(otherwise: readonly string[]): readonly string[] {
    if (this.node === undefined) return otherwise;
    if (!isSeq(this.node)) return [this.text()];
    return this.node.items.map((item, index) =>
      new Entry(this.file, item as Node, `${this.path}[${index}]`, this.file.lineOf(item as Node) ?? this.line).text(),
    );
  }
}

export class YamlFile {
  readonly complaints: Complaint[] = [];
  readonly root: Entry;
  private readonly lines = new LineCounter();

  constructor(text: string) {
    const document = parseDocument(text, { lineCounter: this.lines, prettyErrors: false });
    for (const { pos, code } of document.errors) {
      this.complaints.push({
        line: this.lines.linePos(pos[0]).line,
        path: '',
        reason: `This is no YAML (${code.toLowerCase().replaceAll('_', ' ')}).`,
      });
    }
    this.root = new Entry(this, document.contents ?? undefined, '', 1);
  }

  lineOf(node: Node | null): number | undefined {
    return node?.range ? this.lines.linePos(node.range[0]).line : undefined;
  }
}
