/**
 * The contract, on the embedded store; where EVENT_STORE_URL is set, on that server instead. A server may be full of
 * other things: the tests use streams of their own, and need to be the only ones who append meanwhile.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { EventStoreUnavailable, openEventStore, openEventStoreDB, OutcomeUnknown, type EventStore } from '@rapport/event-store';
import { describeEventStore } from './event-store.contract';
import { appendSurely, ids, newEvents, newStream, reached, type Harness } from './event-store.harness';
import { Proxy } from './event-store.proxy';
import { describeSubscriptions } from './event-store.subscriptions';

jest.setTimeout(60_000);

const url = process.env.EVENT_STORE_URL;

if (url === undefined || url === '') {
  describe('the embedded event store', () => {
    describe('appends and reads', () => describeEventStore(embedded()));
    describe('subscribes', () => describeSubscriptions(embedded()));
  });
} else {
  describe('EventStoreDB', () => {
    describe('appends and reads', () => describeEventStore(server(url)));
    describe('subscribes', () => describeSubscriptions(server(url)));
    describe('loses its connection', () => describeOutages(url));
  });
}

function embedded(): Harness {
  const directory = mkdtempSync(join(tmpdir(), 'rapport-events-'));
  const open = () => openEventStore({ dataDir: directory });
  return {
    open,
    interrupt: async (store) => {
      await store.close();
      return open();
    },
    loseAnswer: async (store, stream, expected, events) => {
      const answer = store.append(stream, expected, events);
      await store.close();
      await answer;
      return open();
    },
    // It has none.
    provokeSystemEvent: () => Promise.resolve(),
    dispose: () => Promise.resolve(rmSync(directory, { recursive: true })),
  };
}

const proxies: Proxy[] = [];
/** Also those of a test that has failed: left open, they would keep the process from ending. */
afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

/** The server through a proxy, so that its absence can be played. */
async function through(address: string, port?: number): Promise<{ proxy: Proxy; url: string }> {
  const [, start, host = '', rest] = /^(esdb:\/\/(?:[^@/]*@)?)([^,/?]+)(\/?(?:\?.*)?)$/.exec(address) ?? [];
  if (host === '') throw new Error('The contract cuts connections, so EVENT_STORE_URL must name one server: esdb://host:port?…');
  const [name = '', itsPort = '2113'] = host.split(':');
  const proxy = await Proxy.to(name, Number(itsPort), port);
  proxies.push(proxy);
  // A certificate for this machine is good for the proxy as well, if the name stays.
  return { proxy, url: `${start}${name === 'localhost' ? name : '127.0.0.1'}:${proxy.port}${rest}` };
}

/** Appends such that the server has written, the client does not hear of it, and the connection is gone. */
async function appendUnheard(address: string, ...append: Parameters<EventStore['append']>): Promise<unknown> {
  const { proxy, url: proxied } = await through(address);
  const [direct, store] = [await openEventStoreDB(address), await openEventStoreDB(proxied)];
  proxy.loseAnswers = true;
  const outcome = store.append(...append).then(
    () => new Error('It was answered.'),
    (error: unknown) => error,
  );
  const [stream, , events] = append;
  while ((await direct.readStream(stream, { direction: 'backwards', limit: 1 }))[0]?.id !== events.at(-1)?.id);
  proxy.cut();
  const error = await outcome;
  await Promise.all([store.close(), direct.close()]);
  return error;
}

function server(address: string): Harness {
  let proxied: ReturnType<typeof through> | undefined;
  const theProxy = () => (proxied ??= through(address));
  return {
    open: async () => openEventStoreDB((await theProxy()).url),
    interrupt: async (store) => {
      const { proxy } = await theProxy();
      proxy.cut();
      // The store has noticed when it says so.
      await expect(store.readAll({ limit: 1 })).rejects.toMatchObject({ name: 'EventStoreUnavailable' });
      proxy.restore();
      await reached(store);
      return store;
    },
    loseAnswer: async (store, stream, expected, events) => {
      expect(await appendUnheard(address, stream, expected, events)).toBeInstanceOf(OutcomeUnknown);
      return store;
    },
    provokeSystemEvent: async (stream) => {
      const client = EventStoreDBClient.connectionString(address);
      await client.setStreamMetadata(stream, { purpose: 'test' });
      await client.dispose();
    },
    dispose: () => Promise.resolve(),
  };
}

function describeOutages(address: string): void {
  it('says that the outcome is not known where the answer was lost, and appending again makes no second copy', async () => {
    const stream = newStream();
    const events = newEvents(3);
    expect(await appendUnheard(address, stream, 'none', events)).toBeInstanceOf(OutcomeUnknown);
    const store = await openEventStoreDB(address);
    expect(await store.append(stream, 'none', events)).toMatchObject({ revision: 2 });
    expect(ids(await store.readStream(stream))).toEqual(ids(events));
    await store.close();
  });

  it('says the same where the request was lost, and appending again writes it', async () => {
    const { proxy, url: proxied } = await through(address);
    const store = await openEventStoreDB(proxied);
    const stream = newStream();
    const events = newEvents(2);
    proxy.loseRequests = true;
    const sent = proxy.request();
    const outcome = store.append(stream, 'none', events);
    const refused = expect(outcome).rejects.toBeInstanceOf(OutcomeUnknown);
    await sent;
    proxy.cut();
    await refused;
    proxy.restore();
    await reached(store);
    expect(await store.readStream(stream)).toEqual([]);
    expect(await store.append(stream, 'none', events)).toMatchObject({ revision: 1 });
    expect(ids(await store.readStream(stream))).toEqual(ids(events));
    await store.close();
  });

  it('says that nothing was written where there is no connection to send anything on, and appends once it is back', async () => {
    const { proxy, url: proxied } = await through(address);
    const store = await openEventStoreDB(proxied);
    const { port } = proxy;
    const stream = newStream();
    const events = newEvents(2);
    await proxy.close();
    // The first one may find out only when it has been sent.
    await expect(store.append(newStream(), 'none', newEvents(1))).rejects.toThrow();
    await expect(store.append(stream, 'none', events)).rejects.toBeInstanceOf(EventStoreUnavailable);
    await expect(store.readStream(stream)).rejects.toBeInstanceOf(EventStoreUnavailable);
    await through(address, port);
    expect(await appendSurely(store, stream, 'none', events)).toMatchObject({ revision: 1 });
    await store.close();
  });

  it('tells apart what was answered and what was not, where 64 appends are under way when the connection breaks', async () => {
    const { proxy, url: proxied } = await through(address);
    const store = await openEventStoreDB(proxied);
    const appends = Array.from({ length: 64 }, () => ({ stream: newStream(), events: newEvents(1) }));
    const outcomes = Promise.allSettled(appends.map(({ stream, events }) => store.append(stream, 'none', events)));
    await proxy.answer();
    proxy.cut();
    for (const outcome of await outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(OutcomeUnknown);
    }
    proxy.restore();
    // Appended again, each is there once, whatever had become of it.
    await Promise.all(appends.map(({ stream, events }) => appendSurely(store, stream, 'none', events)));
    for (const { stream, events } of appends) expect(ids(await store.readStream(stream))).toEqual(ids(events));
    await store.close();
  });

  it('does not show the connection string, which may hold a password, where the server is not there', async () => {
    const { proxy } = await through(address);
    const { port } = proxy;
    await proxy.close();
    const error: unknown = await openEventStoreDB(`esdb://admin:changeit@127.0.0.1:${port}?tls=false`).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'EventStoreUnavailable' });
    expect(String((error as Error).stack)).not.toContain('changeit');
  });
}
