import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore, position, type EventStore, type NewEvent } from '@rapport/event-store';
import { ProjectionFailed } from './errors';
import { compare } from './fingerprint';
import { from, openReadModel } from './query';
import { rebuild } from './rebuild';
import { runProjections, type ReadModels, type ReadModelsConfig } from './runtime';
import { declarations, history, memberId, members, projections } from './spec/sample';
import { storedEvents } from './testing';

// A thread that runs from source takes seconds to start.
jest.setTimeout(120_000);
const LONG = 100_000;

let folder: string;
let store: EventStore;
let config: ReadModelsConfig;
let running: ReadModels | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  store = await openEventStore({ dataDir });
  config = { module: join(__dirname, 'spec', 'sample'), file: join(folder, 'read.db'), store: { dataDir }, batchSize: 50 };
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Appends the events of the sample's history from one number to another; each in its place of its stream. */
async function append(start: number, end: number): Promise<string> {
  let last = '';
  for (const { stream, revision, id, type, data, metadata } of storedEvents(history(end)).slice(start)) {
    const event: NewEvent = { id, type, data, metadata };
    last = (await store.append(stream, revision === 0 ? 'none' : revision - 1, [event])).position;
  }
  return last;
}

describe('the runtime, on the embedded store', () => {
  it('catches up, follows, lets people read their own writes, and goes on after a stop', async () => {
    await append(0, 200);
    running = await runProjections(config);
    await running.caughtUp();
    expect(running.status()).toMatchObject({ caughtUp: true, lag: 0, position: await store.head() });

    const own = await append(200, 260);
    await running.waitFor(own, LONG);
    const model = openReadModel(config.file);
    const row = await from(model.db, members.tables.members).where('id', '=', memberId(256)).selectAll().executeTakeFirst();
    expect(row).toMatchObject({ id: memberId(256), active: 1, corrections: 0 });
    await model.close();

    await running.stop();
    await expect(running.waitFor(position(1n << 40n), LONG)).rejects.toThrow('told to stop');
    const later = await append(260, 300);
    running = await runProjections(config);
    await running.waitFor(later, LONG);

    const other = join(folder, 'rebuilt.db');
    expect(await rebuild({ store, file: other, projections, declarations, batchSize: 70 })).toEqual({ events: 300, position: later });
    expect(compare(config.file, other)).toEqual([]);
  });

  it('stops at an event it does not know, tells everybody, skips nothing, and stops there again', async () => {
    const known = await append(0, 20);
    const failures: ProjectionFailed[] = [];
    running = await runProjections(config, { onFailure: (error) => failures.push(error) });
    await running.waitFor(known, LONG);

    const waiting = running.waitFor(position(1n << 40n), LONG).catch((error: unknown) => error);
    const event = {
      id: 'a0000000-0000-4000-8000-000000000001',
      type: 'FromTheFuture',
      data: { name: 'Secret Person' },
      metadata: { version: 1 },
    };
    const { position: at } = await store.append('member-new', 'none', [event]);
    const error = (await waiting) as ProjectionFailed;
    expect(error).toBeInstanceOf(ProjectionFailed);
    expect(error.failure).toMatchObject({ event: event.id, type: 'FromTheFuture', position: at });
    expect(error.message).not.toContain('Secret');
    expect(failures).toEqual([error]);
    expect(running.status()).toMatchObject({ position: known, caughtUp: false, error });
    await expect(running.waitFor(at, LONG)).rejects.toBe(error);
    await running.stop();

    running = await runProjections(config);
    await expect(running.caughtUp()).rejects.toMatchObject({ failure: { position: at } });
    expect(running.status().position).toBe(known);
  });

  it.each([
    ['a module without projections', () => ({ module: join(__dirname, 'operations') }), 'must export projections and declarations'],
    ['a store that is not there', () => ({ store: { dataDir: join(folder, 'nowhere') } }), 'nowhere'],
  ])('does not start with %s', async (_, wrong, message) => {
    await expect(runProjections({ ...config, ...wrong() })).rejects.toThrow(message);
  });
});
