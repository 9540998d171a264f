import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredEvent } from '@rapport/event-store';
import { declarationsOf } from '@rapport/kernel/recorded';
import type { Sealed } from '@rapport/kernel/events';
import { compare } from './fingerprint';
import { follow } from './follow';
import { insert } from './operations';
import { on, projection } from './projection';
import { Projector } from './projector';
import { rebuild } from './rebuild';
import { MemberAdded, memberId, trailOfEvents } from './spec/sample';
import { StoreDouble } from './spec/store.double';
import { openForWriting } from './sqlite';
import { jsonOf, table } from './table';
import { happened, storedEvents } from './testing';

// How long it takes is printed, not judged.
jest.setTimeout(120_000);

const names = table(
  'name',
  { person: 'text', field: 'text', value: jsonOf<Sealed>(), event: 'text' },
  { key: ['person', 'field'], indexes: [['event']] },
);
const nameOf = projection({
  name: 'names',
  version: 1,
  tables: { names },
  on: [on(MemberAdded, (event) => insert(names, { person: event.streamId, field: 'name', value: event.data.name, event: event.id }))],
});
const projections = [nameOf, trailOfEvents];
const declarations = [MemberAdded];

const COUNT = 20_000;
const BATCH = 5_000;
const folder = mkdtempSync(join(tmpdir(), 'throughput-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same rows into the same tables by hand-written statements, in transactions of the same size. */
function bare(file: string, events: readonly StoredEvent[]): void {
  const database = openForWriting(file);
  new Projector(database, projections, declarationsOf(declarations));
  const name = database.prepare(`INSERT INTO ${names.storedAs} VALUES (?, ?, ?, ?)`);
  const trail = database.prepare(`INSERT INTO ${trailOfEvents.tables.trail.storedAs} VALUES (?, ?, ?, ?, ?)`);
  for (let start = 0; start < events.length; start += BATCH) {
    database.exec('BEGIN IMMEDIATE');
    for (const { id, type, stream, data, metadata } of events.slice(start, start + BATCH)) {
      const value = JSON.stringify({ ...(data['name'] as object), at: `${id}/name` });
      name.run(stream.slice(stream.indexOf('-') + 1), 'name', value, id);
      trail.run(id, type, stream, metadata['occurredAt'] as string, (metadata['actor'] as { kind: string }).kind);
    }
    database.exec('COMMIT');
  }
  database.close();
}

async function rowsPerSecond(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round((COUNT * projections.length * 1_000) / (performance.now() - start));
}

it('writes the rows that hand-written inserts would; prints how fast beside them', async () => {
  const events = storedEvents(
    Array.from({ length: COUNT }, (_, n) =>
      happened(MemberAdded, `member-${memberId((n * 7_919) % COUNT)}`, { name: `Member ${n}`, group: 'red' }),
    ),
  );
  const store = new StoreDouble(events).asStore;
  const [byHand, live, rebuilt] = ['bare', 'live', 'rebuilt'].map((name) => join(folder, name)) as [string, string, string];
  const rates = {
    bare: await rowsPerSecond(() => bare(byHand, events)),
    live: await rowsPerSecond(() =>
      follow(store, new Projector(openForWriting(live), projections, declarationsOf(declarations)), () => undefined),
    ),
    rebuild: await rowsPerSecond(() => rebuild({ store, file: rebuilt, projections, declarations })),
  };
  const times = (rate: number) => `${rate} rows/s, ${(rate / rates.bare).toFixed(2)} of bare`;
  process.stdout.write(`bare ${rates.bare} rows/s; live ${times(rates.live)}; rebuild ${times(rates.rebuild)}\n`);
  expect(compare(byHand, live)).toEqual([]);
  expect(compare(live, rebuilt)).toEqual([]);
});
