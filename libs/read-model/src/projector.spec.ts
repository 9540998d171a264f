import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { position } from '@rapport/event-store';
import { declarationsOf } from '@rapport/kernel/recorded';
import { compare, fingerprint } from './fingerprint';
import { follow } from './follow';
import { insert } from './operations';
import { on, projection, type Projection } from './projection';
import { Projector } from './projector';
import { rebuild } from './rebuild';
import { declarations as declared, history, MemberAdded, members, membersProjection, trailOfEvents } from './spec/sample';
import { StoreDouble } from './spec/store.double';
import { openForWriting } from './sqlite';
import { table } from './table';
import { storedEvents } from './testing';

const declarations = declarationsOf(declared);
const events = storedEvents(history(500));
const at = (count: number) => position(BigInt(count));

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'read-model-'));
  file = join(folder, 'read.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function project(projections: Projection[], count = events.length, batchSize = 100): Promise<(string | undefined)[]> {
  const database = openForWriting(file);
  const reports: (string | undefined)[] = [];
  try {
    const projector = new Projector(database, projections, declarations);
    await follow(new StoreDouble(events.slice(0, count)).asStore, projector, (position) => reports.push(position), { batchSize });
  } finally {
    database.close();
  }
  return reports;
}

async function rebuilt(projections: Projection[], count = events.length): Promise<string> {
  const other = join(folder, 'rebuilt.db');
  await rebuild({ store: new StoreDouble(events.slice(0, count)).asStore, file: other, projections, declarations: declared });
  return other;
}

describe('projecting', () => {
  it('reports each batch when it is committed, goes on where it was, and equals its own rebuild', async () => {
    expect(await project([members, trailOfEvents], 300)).toEqual([at(100), at(200), at(300)]);
    expect(await project([members, trailOfEvents])).toEqual([at(400), at(500)]);
    expect(compare(file, await rebuilt([members, trailOfEvents]))).toEqual([]);
  });

  it('gives the same rows whatever the batches', async () => {
    await project([members, trailOfEvents], events.length, 7);
    expect(compare(file, await rebuilt([members, trailOfEvents]))).toEqual([]);
  });

  it('pulls a batch only when the last one is committed', async () => {
    const store = new StoreDouble(events);
    const projector = new Projector(openForWriting(file), [members], declarations);
    const seen: number[] = [];
    await follow(store.asStore, projector, () => seen.push(store.pulled), { batchSize: 100 });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('changes nothing of a batch that fails: rows and checkpoint stay together', async () => {
    const broken: Projection = {
      ...trailOfEvents,
      onEvery: (event) => (event.position === at(250) ? fail() : (trailOfEvents.onEvery?.(event) ?? [])),
    };
    await expect(project([members, broken])).rejects.toMatchObject({ failure: { projection: 'trail v1', position: at(250) } });
    expect(compare(file, await rebuilt([members, trailOfEvents], 200))).toEqual([]);
    expect(await project([members, trailOfEvents])).toEqual([at(300), at(400), at(500)]);
    expect(compare(file, await rebuilt([members, trailOfEvents]))).toEqual([]);
  });

  it('stops at an event nobody declared, even where no projection would show it', async () => {
    const unknown = [...events.slice(0, 5), { ...events[5]!, type: 'FromTheFuture' }];
    const projector = new Projector(openForWriting(file), [members], declarations);
    await expect(follow(new StoreDouble(unknown).asStore, projector, () => undefined)).rejects.toMatchObject({
      failure: { event: events[5]?.id, type: 'FromTheFuture', position: at(6) },
      message: expect.stringContaining('Deploy the software that reads it'),
    });
    expect(projector.position).toBeUndefined();
  });
});

describe('versions side by side', () => {
  const tables = () => Object.keys(fingerprint(file));

  it('builds a new version beside the old one, from the beginning, without giving the others an event twice', async () => {
    await project([members, trailOfEvents], 300);
    const next = membersProjection(2);

    const database = openForWriting(file);
    const projector = new Projector(database, [next, trailOfEvents], declarations);
    expect(projector.position).toBeUndefined();
    projector.apply(events.slice(0, 200), at(200));
    expect(projector.position).toBe(at(200));
    database.close();
    // Not caught up, and interrupted: both versions are there, the old one as it was.
    expect(tables()).toEqual([
      'members_v1__group_size',
      'members_v1__member',
      'members_v2__group_size',
      'members_v2__member',
      'trail_v1__entry',
    ]);

    expect(await project([next, trailOfEvents])).toEqual([at(300), at(400), at(500)]);
    expect(tables()).toEqual(['members_v2__group_size', 'members_v2__member', 'trail_v1__entry']);
    expect(compare(file, await rebuilt([next, trailOfEvents]))).toEqual([]);
  });

  it('adds a projection and drops one that is no more', async () => {
    await project([members], 300);
    await project([trailOfEvents]);
    expect(compare(file, await rebuilt([trailOfEvents]))).toEqual([]);
  });

  it('starts again where the tables changed under the same version', async () => {
    const listOf = (columns: 'one' | 'two') => {
      const names = table('name', columns === 'one' ? { id: 'text' } : { id: 'text', kind: 'text?' }, { key: ['id'] });
      return projection({
        name: 'list',
        version: 1,
        tables: { names },
        on: [on(MemberAdded, (event) => insert(names, { id: event.streamId }))],
      });
    };
    await project([listOf('one')], 300);
    const two = listOf('two');
    await project([two]);
    expect(compare(file, await rebuilt([two]))).toEqual([]);
  });
});

describe('a set is checked', () => {
  it('refuses two projections of one name and handlers of undeclared events', () => {
    const database = openForWriting(':memory:');
    expect(() => new Projector(database, [trailOfEvents, trailOfEvents], declarations)).toThrow('the name trail');
    expect(() => new Projector(database, [members], declarationsOf([MemberAdded]))).toThrow('members handles NameCorrected');
  });
});

function fail(): never {
  throw new Error('on purpose');
}
