/**
 * Looks for values in every byte of files and logs, in every form a program might have written them: as they are, in
 * capitals or small letters, composed or decomposed; as UTF-8 and UTF-16 of both orders; escaped as JSON or for a URL;
 * and all of that also as hexadecimal and as base64 of either alphabet, wherever in a longer text it stands.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Hit {
  /** The value that was looked for; of bytes, their hexadecimal form. */
  readonly value: string;
  /** The form it was found in: "UTF-8", "base64 (2) of UTF-16LE". */
  readonly form: string;
  /** The file, or what else was looked through. */
  readonly where: string;
  readonly offset: number;
}

interface Needle {
  readonly value: string;
  readonly form: string;
  readonly bytes: Buffer;
  /** Where in it the word stands that it is found by. */
  readonly at: number;
}
/** Needles by one word of four bytes that stands in them. */
class ByWord extends Map<number, Needle[]> {
  /** Which words there are, by their last three bytes: most of those in a file are ruled out by it at once. */
  private readonly some = new Uint8Array(1 << 24);

  put(word: number, needle: Needle): void {
    this.some[word & 0xffffff] = 1;
    const others = this.get(word);
    if (others === undefined) this.set(word, [needle]);
    else others.push(needle);
  }

  search(bytes: Buffer, where: string): Hit[] {
    const hits: Hit[] = [];
    const { some } = this;
    let word = 0;
    for (let end = 1; end <= bytes.length; end++) {
      word = (word << 8) | bytes[end - 1]!;
      if (some[word & 0xffffff] === 0 || end < WORD) continue;
      for (const { value, form, bytes: needle, at } of this.get(word >>> 0) ?? []) {
        const offset = end - WORD - at;
        if (offset >= 0 && bytes.subarray(offset, offset + needle.length).equals(needle)) hits.push({ value, form, where, offset });
      }
    }
    return hits.sort((a, b) => a.offset - b.offset);
  }
}

/** Shorter values stand in random bytes by chance. */
const SHORTEST = 6;
const WORD = 4;
/** Of so many words of a needle the one is taken by which the fewest others are found: texts often begin alike. */
const CHOICES = 8;
/** Part of a key is as bad as the whole: bytes are looked for in overlapping pieces of this length. */
const PIECE = 12;

export class Needles {
  /** Looked for in the bytes as they are. */
  private readonly exact = new ByWord();
  /** Looked for in the bytes with A to Z made small. */
  private readonly folded = new ByWord();
  private readonly known = new Set<string>();

  /** @throws Error where a value is too short to be told from chance */
  static texts(values: Iterable<string>): Needles {
    const needles = new Needles();
    for (const value of values) needles.addText(value);
    return needles;
  }

  /** Any piece of twelve bytes of them counts. @throws Error where there are fewer */
  static bytes(values: Iterable<Uint8Array>): Needles {
    const needles = new Needles();
    for (const value of values) needles.addBytes(Buffer.from(value));
    return needles;
  }

  private addText(value: string): void {
    if (Buffer.byteLength(value) < SHORTEST) throw new Error(`A value of at least ${SHORTEST} bytes is needed; '${value}' is shorter.`);
    const forms = [value, value.normalize('NFC'), value.normalize('NFD')].flatMap((text) => [text, text.toLowerCase(), text.toUpperCase()]);
    for (const text of new Set(forms.flatMap((form) => [form, escaped(form), encodeURIComponent(form), form.replaceAll(' ', '+')]))) {
      for (const [encoding, bytes] of encodings(text)) {
        this.add(this.folded, { value, form: encoding, bytes: fold(bytes) });
        this.add(this.folded, { value, form: `hexadecimal of ${encoding}`, bytes: Buffer.from(bytes.toString('hex')) });
        this.addBase64(value, encoding, bytes);
      }
    }
  }

  private addBytes(bytes: Buffer): void {
    if (bytes.length < PIECE) throw new Error(`At least ${PIECE} bytes are needed.`);
    const value = bytes.toString('hex');
    for (let at = 0; at + PIECE <= bytes.length; at++) {
      const piece = bytes.subarray(at, at + PIECE);
      const form = `bytes ${at} to ${at + PIECE}`;
      this.add(this.exact, { value, form, bytes: piece });
      this.add(this.folded, { value, form: `hexadecimal of ${form}`, bytes: Buffer.from(piece.toString('hex')) });
      this.addBase64(value, form, piece);
    }
  }

  /** Base64 writes three bytes as four characters, so there are three ways to stand in a longer text. */
  private addBase64(value: string, of: string, bytes: Buffer): void {
    for (const before of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
      // Characters that also depend on what stands before or behind are left out.
      const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
      for (const characters of new Set([own, own.replaceAll('+', '-').replaceAll('/', '_')]))
        this.add(this.exact, { value, form: `base64 (${before}) of ${of}`, bytes: Buffer.from(characters) });
    }
  }

  private add(to: ByWord, needle: Omit<Needle, 'at'>): void {
    const { value, bytes } = needle;
    const known = `${to === this.exact ? 'exact' : 'folded'} ${value} ${bytes.toString('latin1')}`;
    if (this.known.has(known)) return;
    this.known.add(known);
    const step = Math.max(1, Math.floor((bytes.length - WORD) / CHOICES));
    let [at, fewest] = [0, Infinity];
    for (let place = 0; place + WORD <= bytes.length && fewest > 0; place += step) {
      const others = to.get(bytes.readUInt32BE(place))?.length ?? 0;
      if (others < fewest) [at, fewest] = [place, others];
    }
    to.put(bytes.readUInt32BE(at), { ...needle, at });
  }

  /** Every hit in some bytes. @param where what they are, for the report */
  find(bytes: Buffer, where: string): Hit[] {
    return [...this.exact.search(bytes, where), ...this.folded.search(fold(bytes), where)];
  }

  /** Every hit in the files of a folder and of those in it, and in their names. */
  findInFolder(folder: string): Hit[] {
    return filesOf(folder).flatMap((file) => [
      ...this.find(readFileSync(join(folder, file)), file),
      ...this.find(Buffer.from(file), `name of ${file}`),
    ]);
  }
}

/** Relative paths of all files in a folder and in those in it. */
export function filesOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function encodings(text: string): [string, Buffer][] {
  const little = Buffer.from(text, 'utf16le');
  return [
    ['UTF-8', Buffer.from(text)],
    ['UTF-16LE', little],
    ['UTF-16BE', Buffer.from(little).swap16()],
  ];
}

/** As JSON writes it where it keeps to ASCII. */
function escaped(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A to Z made small, byte by byte; whatever else the bytes are stays. */
function fold(bytes: Buffer): Buffer {
  const folded = Buffer.from(bytes);
  for (let i = 0; i < folded.length; i++) {
    const byte = folded[i]!;
    if (byte >= 0x41 && byte <= 0x5a) folded[i] = byte + 0x20;
  }
  return folded;
}
