/** What is particular to the embedded store: its lock, its transactions, and what a killed process leaves behind. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import {
  AppendFailed,
  openEmbeddedEventStore,
  readLockHolder,
  StoreLocked,
  WrongExpectedRevision,
  type EmbeddedEventStore,
  type EmbeddedOptions,
} from '@rapport/event-store';
import { collect, ids, newEvent, newEvents, newStream } from './event-store.harness';
import { EMBEDDED_FILE, EVENTS_PER_APPEND, plan, plannedId } from './event-store.plan';

jest.setTimeout(60_000);

interface Message {
  opened?: number;
  seen?: string;
  acknowledged?: number;
  stream?: string;
  failed?: string;
  message?: string;
  holder?: unknown;
}

describe('the embedded event store', () => {
  let directory: string;
  let stores: EmbeddedEventStore[];
  let children: ChildProcess[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rapport-events-'));
    [stores, children] = [[], []];
  });
  afterEach(async () => {
    await Promise.all(children.map(kill));
    await Promise.all(stores.map((store) => store.close()));
    rmSync(directory, { recursive: true });
  });

  async function open(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedEventStore> {
    const store = await openEmbeddedEventStore({ file: EMBEDDED_FILE(directory), ...options });
    stores.push(store);
    return store;
  }

  /** Starts a process that does `mode`; `on` hears what it tells. */
  function start(mode: 'hold' | 'load' | 'follow', streams: string[] = [], on: (message: Message) => void = () => undefined): ChildProcess {
    const child = fork(join(__dirname, 'event-store.child.ts'), [mode, directory, ...streams], {
      execArgv: ['--require', '@swc-node/register'],
    });
    children.push(child);
    child.on('message', on);
    return child;
  }
  async function firstMessage(child: ChildProcess): Promise<Message> {
    return ((await once(child, 'message')) as [Message])[0];
  }
  /** kill -9 */
  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  describe('its lock', () => {
    it('keeps a second process out, and says who holds it and what to do', async () => {
      const store = await open();
      store.announce('http://127.0.0.1:4321');
      const refused = await firstMessage(start('hold'));
      expect(refused).toMatchObject({ failed: 'StoreLocked', holder: { pid: process.pid, address: 'http://127.0.0.1:4321' } });
      expect(refused.message).toContain(`process ${process.pid}, http://127.0.0.1:4321`);
      expect(refused.message).toContain('Stop that process first');
    });

    it('keeps the same process from opening it twice', async () => {
      await open();
      await expect(open()).rejects.toBeInstanceOf(StoreLocked);
    });

    it('is freed by kill -9, and tells who holds it only while somebody does', async () => {
      expect(readLockHolder(directory)).toBeUndefined();
      const child = start('hold');
      expect(await firstMessage(child)).toEqual({ opened: child.pid });
      expect(readLockHolder(directory)).toEqual({ pid: child.pid, address: 'http://127.0.0.1:3000' });
      await expect(open()).rejects.toMatchObject({ name: 'StoreLocked', holder: { pid: child.pid } });
      await kill(child);
      // What it wrote down is still there, but nobody holds the lock.
      expect(existsSync(join(directory, 'events.lock.json'))).toBe(true);
      expect(readLockHolder(directory)).toBeUndefined();
      await open();
      expect(readLockHolder(directory)).toEqual({ pid: process.pid });
    });

    it('is freed by closing', async () => {
      await (await open()).close();
      expect(readLockHolder(directory)).toBeUndefined();
      await open();
    });

    it('is freed where opening fails', async () => {
      const db = new DatabaseSync(EMBEDDED_FILE(directory));
      db.exec('PRAGMA user_version = 99');
      db.close();
      await expect(open()).rejects.toThrow('has format 99');
      expect(readLockHolder(directory)).toBeUndefined();
    });
  });

  describe('its group commit', () => {
    it('lets appends that arrive together share a transaction', async () => {
      const store = await open();
      await Promise.all(Array.from({ length: 500 }, () => store.append(newStream(), 'none', newEvents(2))));
      expect(store.stats()).toEqual({ appends: 500, commits: 1 });
      await store.append(newStream(), 'none', newEvents(1));
      expect(store.stats()).toEqual({ appends: 501, commits: 2 });
    });

    it('keeps to the largest batch', async () => {
      const store = await open({ maxBatch: 10 });
      await Promise.all(Array.from({ length: 101 }, () => store.append(newStream(), 'none', newEvents(1))));
      expect(store.stats()).toEqual({ appends: 101, commits: 11 });
    });

    it('answers each append of a batch on its own', async () => {
      const store = await open();
      const [stream, repeated] = [newStream(), newEvents(2)];
      await store.append(stream, 'none', repeated);
      const commits = store.stats().commits;
      const [good, wrong, same, next] = await Promise.allSettled([
        store.append(newStream(), 'none', newEvents(1)),
        store.append(stream, 'none', newEvents(1)),
        store.append(stream, 'none', repeated),
        store.append(stream, 1, newEvents(1)),
      ]);
      expect(store.stats().commits).toBe(commits + 1);
      expect(good).toMatchObject({ value: { revision: 0 } });
      expect((wrong as PromiseRejectedResult).reason).toBeInstanceOf(WrongExpectedRevision);
      expect(same).toMatchObject({ value: { revision: 1 } });
      expect(next).toMatchObject({ value: { revision: 2 } });
    });

    it('commits nothing where there is nothing to write', async () => {
      const store = await open();
      const [stream, events] = [newStream(), newEvents(1)];
      await store.append(stream, 'none', events);
      await store.append(stream, 'none', events);
      await expect(store.append(stream, 7, events)).rejects.toBeInstanceOf(WrongExpectedRevision);
      expect(store.stats().commits).toBe(1);
    });

    it('refuses all appends of a transaction that fails, and goes on', async () => {
      const store = await open();
      const stream = newStream();
      await store.append(stream, 'none', newEvents(1));
      const db = new DatabaseSync(EMBEDDED_FILE(directory));
      db.exec(`CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.type = 'Poison' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`);
      const results = await Promise.allSettled([
        store.append(stream, 0, newEvents(1)),
        store.append(newStream(), 'none', [newEvent('Poison')]),
        store.append(newStream(), 'none', newEvents(1)),
      ]);
      const reasons = results.map((result) => (result as PromiseRejectedResult).reason as Error);
      expect(reasons.every((reason) => reason instanceof AppendFailed)).toBe(true);
      expect(reasons[0]?.message).toContain('the disk is full. Nothing was written');
      db.exec('DROP TRIGGER poison');
      db.close();
      expect(await store.readAll()).toHaveLength(1);
      expect(await store.append(stream, 0, newEvents(1))).toMatchObject({ revision: 1 });
    });

    it('commits what it has accepted before it closes, and accepts nothing after', async () => {
      const store = await open({ maxBatch: 5 });
      const accepted = Array.from({ length: 42 }, () => store.append(newStream(), 'none', newEvents(1)));
      await Promise.resolve();
      const closed = store.close();
      await expect(store.append(newStream(), 'none', newEvents(1))).rejects.toThrow('the store is closed');
      await closed;
      expect(await Promise.all(accepted)).toHaveLength(42);
      expect(await (await open()).readAll()).toHaveLength(42);
    });
  });

  describe('its identity', () => {
    it('is made when the store is created, and stays', async () => {
      const store = await open();
      expect(store.storeId).toMatch(/^[0-9a-f-]{36}$/);
      await store.close();
      expect((await open()).storeId).toBe(store.storeId);
      expect((await open({ readOnly: true })).storeId).toBe(store.storeId);
    });
  });

  describe('beside the writer', () => {
    it('reads, takes no lock and refuses appends', async () => {
      await expect(open({ readOnly: true })).rejects.toThrow('There is no event store at');
      const [writer, reader] = [await open(), await open({ readOnly: true })];
      const events = newEvents(2);
      const { position } = await writer.append(newStream(), 'none', events);
      expect(ids(await reader.readAll())).toEqual(ids(events));
      expect(await reader.head()).toBe(position);
      await expect(reader.append(newStream(), 'none', newEvents(1))).rejects.toThrow('read-only');
    });

    it('reads where there is no writer', async () => {
      const writer = await open();
      const events = newEvents(2);
      await writer.append(newStream(), 'none', events);
      await writer.close();
      expect(ids(await (await open({ readOnly: true })).readAll())).toEqual(ids(events));
    });

    it('hears of new events in the same process', async () => {
      const [writer, reader] = [await open(), await open({ readOnly: true })];
      const events = newEvents(1);
      const collected = collect(reader.subscribe(), (soFar) => {
        if (soFar.batches.length === 1) void writer.append(newStream(), 'none', events);
        return soFar.events.length > 0;
      });
      expect(ids((await collected).events)).toEqual(ids(events));
    });

    it('hears of new events in another process', async () => {
      const writer = await open();
      const events = newEvents(3);
      let child: ChildProcess | undefined;
      const seen = await new Promise<string[]>((resolve) => {
        const heard: string[] = [];
        child = start('follow', [], ({ opened, seen: id }) => {
          if (opened !== undefined) void writer.append(newStream(), 'none', events);
          if (id !== undefined && heard.push(id) === events.length) resolve(heard);
        });
      });
      expect(seen).toEqual(ids(events));
      expect(child?.connected).toBe(true);
    });
  });

  it('keeps what it has acknowledged when it is killed under load, and every stream without gap', async () => {
    for (let round = 0; round < 3; round++) {
      const streams = Array.from({ length: 8 }, () => newStream('load'));
      const acknowledged = new Map<string, number>();
      let count = 0;
      let child: ChildProcess | undefined;
      await new Promise<void>((resolve) => {
        child = start('load', streams, ({ acknowledged: n, stream }) => {
          if (n === undefined || stream === undefined) return;
          acknowledged.set(stream, n);
          if (++count === 400) resolve();
        });
      });
      await kill(child as ChildProcess);
      const store = await open();
      for (const stream of streams) {
        const found = await store.readStream(stream);
        const last = acknowledged.get(stream) ?? -1;
        expect(found.length).toBeGreaterThanOrEqual((last + 1) * EVENTS_PER_APPEND);
        expect(found.length % EVENTS_PER_APPEND).toBe(0);
        // Appending again what may or may not have been answered: exactly one copy of each.
        for (let n = Math.max(0, last); n <= last + 1; n++) await store.append(stream, plan(stream, n).expected, plan(stream, n).events);
        const after = await store.readStream(stream);
        expect(after.map(({ revision }) => revision)).toEqual(after.map((_, i) => i));
        expect(ids(after)).toEqual(after.map((_, i) => plannedId(stream, i)));
        expect(after.length).toBeGreaterThanOrEqual((last + 2) * EVENTS_PER_APPEND);
      }
      const positions = (await store.readAll()).map(({ position }) => position);
      expect(new Set(positions).size).toBe(positions.length);
      await store.close();
    }
  });
});
