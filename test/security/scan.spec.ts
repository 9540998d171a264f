/** The scanner finds what it is to find: a check that cannot fail is none. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import { Needles } from './scan';

const VALUE = 'Zoë Übelacker / 平, 17+';
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
const ascii = (text: string) => JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Every form, by the way it is written. */
const FORMS: { readonly [name: string]: (text: string) => Buffer } = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8, small': (text) => Buffer.from(text.toLowerCase()),
  'UTF-8, capitals': (text) => Buffer.from(text.toUpperCase()),
  'UTF-8, letters anyhow': (text) => Buffer.from(text.replace('belack', 'bElACk')),
  'UTF-8, decomposed': (text) => Buffer.from(text.normalize('NFD')),
  'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16LE, small': (text) => Buffer.from(text.toLowerCase(), 'utf16le'),
  'UTF-16BE': utf16be,
  'JSON in ASCII': (text) => Buffer.from(ascii(text)),
  'a path or query': (text) => Buffer.from(encodeURIComponent(text)),
  'a form': (text) => Buffer.from(text.replaceAll(' ', '+')),
  hexadecimal: (text) => Buffer.from(Buffer.from(text).toString('hex')),
  'hexadecimal, capitals': (text) => Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
  'hexadecimal of UTF-16': (text) => Buffer.from(Buffer.from(text, 'utf16le').toString('hex')),
  'base64 of UTF-16': (text) => Buffer.from(Buffer.from(text, 'utf16le').toString('base64')),
  'base64 of it in capitals': (text) => Buffer.from(Buffer.from(text.toUpperCase()).toString('base64')),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].flatMap((before) =>
      (['base64', 'base64url'] as const).map((alphabet) => [
        `${alphabet} with ${before} bytes before it`,
        (text: string) => Buffer.from(Buffer.concat([randomBytes(before), Buffer.from(text), randomBytes(7)]).toString(alphabet)),
      ]),
    ),
  ),
};

describe('The scanner', () => {
  const others = Array.from({ length: 200 }, (_, n) => `Another value ${n}`);
  const needles = Needles.texts([...others, VALUE]);
  /** Between bytes that are not text, at every offset a word of a machine could have. */
  const planted = (form: Buffer, at: number) =>
    Buffer.concat([randomBytes(at).map((byte) => byte | 0x80), form, randomBytes(50).map((b) => b | 0x80)]);

  it.each(Object.keys(FORMS))('finds a value as %s', (name) => {
    for (const at of [0, 1, 2, 3, 4_093]) {
      const hits = needles.find(planted(FORMS[name]!(VALUE), at), 'here');
      expect(hits.map(({ value }) => value)).toContain(VALUE);
      expect(new Set(hits.map(({ value }) => value)).size).toBe(1);
      expect(hits[0]).toMatchObject({ where: 'here' });
    }
  });

  it('finds nothing in a megabyte of random bytes, nor of their base64 and hexadecimal', () => {
    const bytes = randomBytes(1 << 20);
    for (const text of [bytes, Buffer.from(bytes.toString('base64')), Buffer.from(bytes.toString('hex'))])
      expect(needles.find(text, 'here')).toEqual([]);
    expect(needles.find(Buffer.from('Zoë Übelacker / 平, 18+'), 'here')).toEqual([]);
  });

  it('refuses to look for what would be found by chance', () => {
    expect(() => Needles.texts(['short'])).toThrow('at least 6 bytes');
    expect(() => Needles.bytes([randomBytes(11)])).toThrow('At least 12 bytes');
  });

  it('looks through every file of a folder, at any depth, and through their names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rapport-scan-'));
    mkdirSync(join(folder, 'outbox', 'old'), { recursive: true });
    writeFileSync(join(folder, 'outbox', 'old', 'a.eml'), `To: ${VALUE}`);
    writeFileSync(join(folder, 'another value 17.lock'), '');
    expect(needles.findInFolder(folder).map(({ where, value, offset }) => ({ where, value, offset }))).toEqual(
      expect.arrayContaining([
        { where: join('outbox', 'old', 'a.eml'), value: VALUE, offset: 4 },
        { where: 'name of another value 17.lock', value: 'Another value 17', offset: 0 },
      ]),
    );
    rmSync(folder, { recursive: true });
  });

  it('finds what a database has deleted and not overwritten, and what is only in its write-ahead log', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rapport-scan-'));
    const db = new DatabaseSync(join(folder, 'x.db'));
    db.exec('PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF; CREATE TABLE t (a)');
    db.prepare('INSERT INTO t VALUES (?)').run(VALUE);
    expect(needles.findInFolder(folder).map(({ where }) => where)).toEqual(['x.db-wal']);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE)');
    expect(db.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 0 });
    expect(needles.findInFolder(folder).map(({ where }) => where)).toEqual(['x.db']);
    db.close();
    rmSync(folder, { recursive: true });
  });

  it('finds bytes, and any piece of them, however they are written', () => {
    const key = randomBytes(64);
    const bytes = Needles.bytes([key, randomBytes(32)]);
    const piece = key.subarray(20, 33);
    const written = [key, piece, piece.toString('hex'), piece.toString('hex').toUpperCase(), piece.toString('base64')];
    for (const text of [...written, Buffer.concat([randomBytes(2), piece]).toString('base64url')])
      expect(bytes.find(planted(Buffer.from(text), 5), 'here')[0]).toMatchObject({ value: key.toString('hex') });
    expect(bytes.find(planted(key.subarray(20, 31), 5), 'here')).toEqual([]);
  });
});
