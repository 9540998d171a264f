/** `rapport import calls` on a whole service desk's log: what is recorded, when it is interrupted, and who sees it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CallHistoryImported, ContactAdded } from '@rapport/domain';
import { openEventStore, parsePosition, type EventStore, type StoredEvent } from '@rapport/event-store';
import { rapport, start } from './cli';
import { distinct, instant, isReal, placeDeskLog, readDeskLog, tellIncidents } from './desk-log';
import { TestServer } from './server';

jest.setTimeout(180_000);

const CATEGORIES = ['identity', 'support', 'sign-in'];
const PURPOSE = {
  slug: 'service-desk',
  title: 'Service desk',
  explanation: 'What you reported is solved, and you can follow it.',
  categories: CATEGORIES,
  subjects: ['customer-contact', 'colleague'],
  basis: 'contract',
  retention: CATEGORIES.map((category) => ({ category, keep: 'P2Y', from: 'call-closed' })),
};
const about = { purpose: 'service-desk', source: 'import' };
const STATUS: { [state: string]: string } = {
  New: 'new',
  Active: 'active',
  'Awaiting User Info': 'awaiting-caller',
  'Awaiting Vendor': 'awaiting-vendor',
  'Awaiting Problem': 'awaiting-problem',
  'Awaiting Evidence': 'awaiting-evidence',
  Resolved: 'resolved',
  Closed: 'closed',
};

describe('The import of a service desk’s log', () => {
  let server: TestServer;
  let log: string;
  let incidents: ReturnType<typeof tellIncidents>;
  let begunAt: string;
  /** What commands said, for the search for people's data in it. */
  let said = '';

  beforeAll(async () => {
    server = await TestServer.start();
    log = placeDeskLog(server.folder);
    incidents = tellIncidents(log);
    begunAt = new Date().toISOString();
  });
  afterAll(() => server.close());

  const importing = async (file: string, ...more: string[]) => {
    const ended = await rapport(server, ['import', 'calls', file, ...more]);
    said += ended.stdout + ended.stderr;
    return ended;
  };
  /** rows, imported, unchanged, rejected; people named, added, known. */
  const summary = (stdout: string) => {
    const [rows, imported, unchanged, rejected, named, added, known] = [
      ...stdout.matchAll(/([\d,]+) (?:rows|imported|unchanged|rejected|people|added|known)/g),
    ].map(([, number]) => Number(number!.replaceAll(',', '')));
    return { rows, imported, unchanged, rejected, named, added, known };
  };
  const reading = async <T>(read: (store: EventStore) => Promise<T>): Promise<T> => {
    const store = await openEventStore({ dataDir: server.dataDir, readOnly: true });
    try {
      return await read(store);
    } finally {
      await store.close();
    }
  };
  const events = () => reading((store) => store.readAll());
  /** How many events there are: the embedded store counts them in its positions. */
  const countOf = async (store: EventStore) => Number(parsePosition((await store.head())!).commit);
  const count = () => reading(countOf);
  const inputs = () => readDeskLog(log).rows.length;

  it('says what has to be done before it may begin, so that it works as it is said', async () => {
    const few = join(server.folder, 'few.csv');
    const { columns, rows } = readDeskLog(log);
    writeFileSync(
      few,
      [columns, ...rows.slice(0, 2).map((row) => columns.map((column) => row[column]))].map((cells) => cells.join(',')).join('\n'),
    );

    const unregistered = await importing(few);
    expect(unregistered.code).toBe(2);
    const [, path, body] = /POST \S+(\/v1\/services) (\{.*\})/.exec(unregistered.stderr)!;
    const registered = await server.call('petra', 'POST', path!, { ...(JSON.parse(body!) as object), purposes: [] });
    expect(registered.status).toBe(201);

    const unknown = await importing(few);
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no such purpose in the register') });
    expect(unknown.stderr).toContain('names the purpose service-desk');
    await server.call('petra', 'POST', '/v1/purposes', PURPOSE);

    const notAllowed = await importing(few);
    expect(notAllowed).toMatchObject({ code: 2, stderr: expect.stringContaining('allows the purpose service-desk to the service import') });
    const allowed = await server.call('petra', 'PUT', `/v1/services/${registered.body['id'] as string}/purposes`, {
      purposes: ['service-desk'],
    });
    expect(allowed.status).toBe(200);
  });

  it('rehearsed, reads every row and sends nothing', async () => {
    const before = await count();
    const { code, stdout } = await importing(log, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain(`${inputs().toLocaleString('en')} rows read: ${inputs().toLocaleString('en')} would be sent, 0 rejected.`);
    expect(await count()).toBe(before);
  });

  it('killed among the people and among the calls, and with its server killed, goes on and ends', async () => {
    /** Resolves when as many events more were recorded. */
    const recorded = async (more: number) =>
      reading(async (store) => {
        for (const until = (await countOf(store)) + more; (await countOf(store)) < until;) await pause(5);
      });
    for (const more of [200, 1_500]) {
      const { child, ended } = start(server, ['import', 'calls', log]);
      await recorded(more);
      child.kill('SIGKILL');
      await ended;
      expect(child.signalCode).toBe('SIGKILL');
    }
    const running = importing(log);
    await recorded(1_000);
    await server.kill('SIGKILL');
    await server.start();
    const { code, stdout } = await running;
    expect({ code, ...summary(stdout) }).toMatchObject({ code: 0, rows: inputs(), rejected: 0 });
    const { imported, unchanged } = summary(stdout);
    expect(imported! + unchanged!).toBe(inputs());
  });

  it('recorded what the log says: every incident, every change in its place in time, nobody twice', async () => {
    const all = await events();
    const history = all.filter(({ type }) => type === CallHistoryImported.type);
    const streams = new Map<string, StoredEvent[]>();
    for (const event of history) streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
    const time = ({ data, metadata }: StoredEvent) =>
      `${metadata['occurredAt'] as string} ${String(data['counter'] as number).padStart(6, '0')}`;
    const processOf = (of: StoredEvent[]) =>
      of
        .toSorted((a, b) => (time(a) < time(b) ? -1 : 1))
        .map((event) => `${metadataOf(event).occurredAt} ${event.data['status'] as string}`);
    const metadataOf = ({ metadata }: StoredEvent) => metadata as unknown as { occurredAt: string; recordedAt: string };
    const expected = [...incidents.values()].map(({ changes }) =>
      changes.map((row) => `${instant(row['sys_updated_at']!)} ${STATUS[row['incident_state']!]}`),
    );
    const inAnyOrder = (processes: string[][]) => processes.map((process) => process.join('\n')).sort();
    expect(inAnyOrder([...streams.values()].map(processOf))).toEqual(inAnyOrder(expected));

    const { rows } = readDeskLog(log);
    expect(new Set(history.map(({ data }) => data['caller'])).size).toBe(distinct(rows, 'caller_id').size);
    const added = all.filter(({ type, metadata }) => type === ContactAdded.type && metadata['source'] === 'import');
    const of = (relationship: string) => added.filter(({ data }) => data['relationship'] === relationship).length;
    expect(of('customer')).toBe(distinct(rows, 'caller_id').size);
    expect(of('colleague')).toBe(distinct(rows, 'opened_by', 'sys_updated_by', 'assigned_to').size);
    // No name is made up of a number.
    expect(added.filter(({ data }) => data['name'] !== undefined)).toEqual([]);
    expect(history.every((event) => metadataOf(event).recordedAt >= begunAt && metadataOf(event).occurredAt < begunAt)).toBe(true);
    if (isReal) {
      const states = [...streams.values()].map((of) => processOf(of).map((step) => step.split(' ')[1]));
      const stateChanges = states.flatMap((of) => of.filter((status, index) => index > 0 && status !== of[index - 1])).length;
      expect({
        incidents: streams.size,
        history: history.length,
        customers: of('customer'),
        colleagues: of('colleague'),
        stateChanges,
      }).toEqual({
        incidents: 890,
        history: 4_483,
        customers: 639,
        colleagues: 349,
        stateChanges: 2_528,
      });
    }
  });

  it('of the same file again changes nothing, with the server or without one', async () => {
    const before = await count();
    const nothing = { rows: inputs(), imported: 0, unchanged: inputs(), rejected: 0, added: 0 };
    const beside = await importing(log);
    expect({ code: beside.code, ...summary(beside.stdout) }).toMatchObject({ code: 0, ...nothing });
    expect(await count()).toBe(before);

    await server.kill();
    const alone = await importing(log);
    expect({ code: alone.code, ...summary(alone.stdout) }).toMatchObject({ code: 0, ...nothing });
    const more = (await events()).slice(before).map(({ type }) => type);
    expect(new Set(more)).toEqual(new Set(['SoftwareStarted']));
    await server.start();
  });

  describe('shows a caller', () => {
    /** The id of whoever has this number: adding them again tells it. */
    const holder = async (number: string) => {
      const again = { ...about, relationship: 'customer', externalSystem: 'servicenow', externalNumber: number };
      const { status, body } = await server.call('petra', 'POST', '/v1/people', again);
      expect(status).toBe(409);
      return body['holder'] as string;
    };
    const signsInAs = async (person: string, number: string) => {
      const account = { issuer: `${server.url}/identity`, subject: person };
      const bound = await server.call('petra', 'POST', `/v1/people/${await holder(number)}/sign-ins`, { ...about, ...account });
      expect(bound.status).toBe(200);
      return { 'rapport-position': bound.headers.get('rapport-position')! };
    };
    /** The caller with the most rows, and the caller of an incident whose rows are not in order of time. */
    const callers = () => {
      const rows = [...incidents.values()];
      const most = rows.reduce((a, b) => (b.rows.length > a.rows.length ? b : a)).caller;
      const { rows: inFile } = readDeskLog(log);
      const late = inFile.find(
        (row, index) =>
          row['number'] === inFile[index - 1]?.['number'] &&
          instant(row['sys_updated_at']!) < instant(inFile[index - 1]!['sys_updated_at']!),
      );
      return { most, late: late!['caller_id']! };
    };
    interface Call {
      readonly id: string;
      readonly number: string;
      readonly status: string;
    }
    const callsOf = async (person: string, headers?: Record<string, string>) =>
      (await server.call(person, 'GET', '/v1/people/me/calls', undefined, headers)).body['calls'] as Call[];

    it('their own calls, each with its process in order of time', async () => {
      const { most, late } = callers();
      for (const [person, number] of [
        ['alice', most],
        ['bob', late],
      ] as const) {
        const calls = await callsOf(person, await signsInAs(person, number));
        const own = [...incidents].filter(([, { caller }]) => caller === number);
        expect(calls.map((call) => call.number).sort()).toEqual(own.map(([incident]) => incident).sort());
        for (const [incident, { rows, changes }] of own) {
          const call = calls.find((each) => each.number === incident)!;
          expect(call.status).toBe(STATUS[rows.at(-1)!['incident_state']!]);
          const { body } = await server.call(person, 'GET', `/v1/calls/${call.id}`);
          const process = body['process'] as { at: string; status: string }[];
          expect(process.map(({ at, status }) => ({ at, status }))).toEqual(
            changes.map((row) => ({ at: instant(row['sys_updated_at']!), status: STATUS[row['incident_state']!] })),
          );
        }
      }
    });

    it('nothing of another’s calls: the answer is that for a call there is not', async () => {
      const [theirs] = await callsOf('bob');
      const answers = [theirs!.id, '0198c0de-0000-7000-8000-000000000000'].map((id) => server.call('alice', 'GET', `/v1/calls/${id}`));
      const [foreign, none] = (await Promise.all(answers)).map(({ status, body }) => ({ status, ...body, instance: '' }));
      expect(foreign).toEqual(none);
      expect(none!.status).toBe(404);
    });
  });

  it('leaves nobody’s number in what the server and the command said', () => {
    const { rows } = readDeskLog(log);
    const values = distinct(rows, 'caller_id', 'assigned_to', 'opened_by', 'sys_updated_by', 'number', 'location');
    const output = server.log + said;
    expect([...values].filter((value) => new RegExp(`${value}\\b`).test(output))).toEqual([]);
  });
});
