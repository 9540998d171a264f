import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { position } from '@rapport/event-store';
import { ReadModelInUse } from './errors';
import { compare, fingerprint } from './fingerprint';
import { rebuild } from './rebuild';
import { declarations, history, members, projections } from './spec/sample';
import { StoreDouble } from './spec/store.double';
import { openForReading, openForWriting, type Database } from './sqlite';
import { storedEvents } from './testing';

const events = storedEvents(history(1_000));
const storeOf = (count: number) => new StoreDouble(events.slice(0, count)).asStore;

// Each process that is started takes a second or more.
jest.setTimeout(120_000);

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rebuild-'));
  file = join(folder, 'read.db');
});

let ready: string;
/** Live read models of the first 300 events, as a process left them: made once. */
beforeAll(() => {
  ready = join(mkdtempSync(join(tmpdir(), 'rebuild-ready-')), 'read.db');
  goOn(300, ready);
});
afterAll(() => rmSync(dirname(ready), { recursive: true, force: true }));
const live300 = () => copy(ready, file);

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `spec/child.ts`: this process must not hold the file that is rebuilt. */
function child(
  mode: 'follow' | 'rebuild',
  count: number,
  dieAt: number | 'end' | 'never',
  path = file,
): { signal: string | null; stderr: string } {
  const args = ['--require', '@swc-node/register', join(__dirname, 'spec', 'child.ts'), mode, path, String(count), String(dieAt)];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { signal, stderr };
}

/** Applies what the checkpoint does not have yet of the first `count` events. */
function goOn(count: number, path = file): void {
  expect(child('follow', count, 'never', path)).toEqual({ signal: null, stderr: '' });
}

function killed(mode: 'follow' | 'rebuild', count: number, dieAt: number | 'end'): void {
  expect(child(mode, count, dieAt)).toEqual({ signal: 'SIGKILL', stderr: '' });
}

async function rebuilt(count: number): Promise<string> {
  const other = join(folder, `rebuilt-${count}.db`);
  await rebuild({ store: storeOf(count), file: other, projections, declarations });
  return other;
}

function copy(from: string, to: string): string {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  return to;
}

/** A copy to look into, for the same reason. */
function copied(): string {
  return copy(file, join(mkdtempSync(join(folder, 'copy-')), 'read.db'));
}

function checkpoint(): number {
  const database = openForReading(copied());
  const { position: text } = database.prepare('SELECT min(position) AS position FROM projection_checkpoint').get() as {
    position: string | null;
  };
  database.close();
  return text === null ? 0 : Number.parseInt(text.slice(0, 16), 16);
}

describe('rebuild', () => {
  it('equals what was projected live, and tells how far it went', async () => {
    goOn(1_000);
    const other = join(folder, 'other.db');
    const progress: number[] = [];
    const built = await rebuild({
      store: storeOf(1_000),
      file: other,
      projections,
      declarations,
      batchSize: 400,
      onProgress: (n) => progress.push(n),
    });
    expect(built).toEqual({ events: 1_000, position: position(1_000n) });
    expect(progress).toEqual([400, 800, 1_000]);
    expect(compare(copied(), other)).toEqual([]);
  });

  it('makes the same tables and indexes as projecting live does', async () => {
    const schema = (path: string) => {
      const database = openForReading(path);
      const rows = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
      database.close();
      return rows;
    };
    goOn(1_000);
    expect(schema(await rebuilt(1_000))).toEqual(schema(copied()));
    expect(schema(await rebuilt(0))).toEqual(schema(copied()));
  });

  it('takes the place of the old file; projecting goes on from there', async () => {
    live300();
    await rebuild({ store: storeOf(600), file, projections, declarations });
    expect(checkpoint()).toBe(600);
    goOn(1_000);
    expect(compare(copied(), await rebuilt(1_000))).toEqual([]);
  });

  it('is not fooled by the log of a writer that was killed', async () => {
    killed('follow', 1_000, 950);
    expect(existsSync(`${file}-wal`)).toBe(true);
    await rebuild({ store: storeOf(300), file, projections, declarations });
    expect(compare(copied(), await rebuilt(300))).toEqual([]);
  });

  it('replaces a file that cannot be read', async () => {
    writeFileSync(file, 'x'.repeat(10_000));
    writeFileSync(`${file}-wal`, 'y'.repeat(10_000));
    await rebuild({ store: storeOf(300), file, projections, declarations });
    expect(compare(copied(), await rebuilt(300))).toEqual([]);
  });

  it('refuses while somebody has the file open, before it reads anything', async () => {
    live300();
    const database = openForReading(file);
    database.exec('SELECT * FROM projection_checkpoint');
    const read = jest.fn();
    await expect(rebuild({ store: storeOf(600), file, projections, declarations, onProgress: read })).rejects.toThrow(ReadModelInUse);
    expect(read).not.toHaveBeenCalled();
    database.close();
    expect(checkpoint()).toBe(300);
  });

  it('does not replace a file that somebody opened meanwhile', async () => {
    live300();
    let database: Database | undefined;
    const open = () => {
      database = openForWriting(file);
      database.exec('SELECT * FROM projection_checkpoint');
    };
    await expect(rebuild({ store: storeOf(600), file, projections, declarations, onProgress: open })).rejects.toThrow(ReadModelInUse);
    database?.close();
    expect(checkpoint()).toBe(300);
  });

  it('leaves the old file where it fails', async () => {
    live300();
    const broken = { ...members, onEvery: () => JSON.parse('{') as never };
    await expect(rebuild({ store: storeOf(600), file, projections: [broken], declarations })).rejects.toThrow('members v1: SyntaxError');
    expect(compare(copied(), await rebuilt(300))).toEqual([]);
  });
});

describe('kill -9', () => {
  it.each([50, 450, 1_000])('while projecting event %i: rows and checkpoint are those of the last batch', async (dieAt) => {
    killed('follow', 1_000, dieAt);
    const reached = Math.floor((dieAt - 1) / 100) * 100;
    expect(checkpoint()).toBe(reached);
    expect(compare(copied(), await rebuilt(reached))).toEqual([]);
    goOn(1_000);
    expect(compare(copied(), await rebuilt(1_000))).toEqual([]);
  });

  it.each([50, 1_000, 'end'] as const)(
    'while rebuilding event %s: the old read models are there, and the next rebuild works',
    async (dieAt) => {
      live300();
      killed('rebuild', 1_000, dieAt);
      expect(existsSync(`${file}.new`)).toBe(true);
      expect(compare(copied(), await rebuilt(300))).toEqual([]);
      await rebuild({ store: storeOf(1_000), file, projections, declarations });
      expect(existsSync(`${file}.new`)).toBe(false);
      expect(compare(copied(), await rebuilt(1_000))).toEqual([]);
    },
  );
});

describe('compare', () => {
  it('names the tables that differ: by a value, a row, or in being there', async () => {
    live300();
    const other = await rebuilt(300);
    const change = (sql: string) => {
      const database = openForWriting(other);
      database.exec(sql);
      database.close();
    };
    change("UPDATE trail_v1__entry SET actor = 'staff' WHERE rowid = 7");
    expect(compare(copied(), other)).toEqual(['trail_v1__entry']);
    change('DELETE FROM members_v1__member WHERE rowid = 3');
    expect(compare(copied(), other)).toEqual(['members_v1__member', 'trail_v1__entry']);
    const fewer = join(folder, 'fewer.db');
    await rebuild({ store: storeOf(300), file: fewer, projections: [members], declarations });
    expect(compare(copied(), fewer)).toEqual(['trail_v1__entry']);
    expect(Object.keys(fingerprint(fewer))).toEqual(['members_v1__group_size', 'members_v1__member']);
  });
});
