/** What every event store must do. Part 2: catch-up subscriptions. */
import type { Batch, EventStore, StoredEvent } from '@rapport/event-store';
import { Collected, collect, ids, newEvent, newEvents, newStream, uniqueName, type Harness } from './event-store.harness';

/** @param harness made anew for each block of tests */
export function describeSubscriptions(harness: Harness): void {
  let store: EventStore;
  beforeAll(async () => {
    store = await harness.open();
  });
  afterAll(async () => {
    await store.close();
    await harness.dispose();
  });

  /** Appends `count` events to some streams, several at a time, as a busy server would. @returns their ids in `$all` order */
  async function appendMany(count: number, category = uniqueName('busy')): Promise<string[]> {
    const writers = Array.from({ length: 16 }, async (_, writer) => {
      const done: { id: string; position: string }[] = [];
      for (let i = writer; i < count; i += 16) {
        const event = newEvent('Counted', { i });
        const { position } = await store.append(newStream(category), 'none', [event]);
        done.push({ id: event.id, position });
      }
      return done;
    });
    const all = (await Promise.all(writers)).flat();
    return ids(all.sort((a, b) => (a.position < b.position ? -1 : 1)));
  }

  it('goes from the past to the present without gap or repeat while 1,000 appends arrive, and tells when it has caught up', async () => {
    const after = await store.head();
    const past = await appendMany(300);
    let present: Promise<string[]> | undefined;
    const collected = await collect(store.subscribe({ after, batchSize: 100 }), (soFar) => {
      // They begin while it is still reading the past.
      present ??= appendMany(1_000);
      return soFar.events.length >= 1_300 && soFar.caughtUp;
    });
    expect(ids(collected.events)).toEqual([...past, ...((await present) ?? [])]);
    expect(collected.position).toBe(collected.events.at(-1)?.position);
    expect(collected.batches.every(({ events }) => events.length <= 100)).toBe(true);
  });

  it('delivers each event as reading does', async () => {
    const after = await store.head();
    const stream = newStream();
    await store.append(stream, 'none', newEvents(3));
    const { events } = await collect(store.subscribe({ after }), (soFar) => soFar.events.length >= 3);
    expect(events).toEqual(await store.readStream(stream));
  });

  it('begins at the start of the store where no position is given', async () => {
    const stream = newStream();
    await store.append(stream, 'none', newEvents(2));
    const { events } = await collect(store.subscribe({ filter: { streamPrefixes: [stream] } }), (soFar) => soFar.caughtUp);
    expect(events).toEqual(await store.readStream(stream));
  });

  it('tells that it has caught up where there is nothing new', async () => {
    const { position } = await store.append(newStream(), 'none', newEvents(1));
    const { events, caughtUp } = await collect(store.subscribe({ after: position }), (soFar) => soFar.caughtUp);
    expect({ events, caughtUp }).toEqual({ events: [], caughtUp: true });
  });

  it('continues from the position of any batch', async () => {
    const after = await store.head();
    const expected = await appendMany(50);
    const seen: StoredEvent[] = [];
    for (let position = after; seen.length < 50;) {
      const part = await collect(store.subscribe({ after: position, batchSize: 7 }), (soFar) => soFar.events.length > 0);
      seen.push(...part.events);
      position = part.position;
    }
    expect(ids(seen)).toEqual(expected);
  });

  it('filters by stream prefix and type together, and its position passes what it left out', async () => {
    const after = await store.head();
    const [red, blue] = [uniqueName('red'), uniqueName('blue')];
    const wanted = [newEvent('ThingOpened'), newEvent('ThingOpened')];
    await store.append(newStream(red), 'none', [newEvent('ThingClosed'), wanted[0] as never, newEvent('ThingOpenedAgain')]);
    await store.append(newStream(blue), 'none', [newEvent('ThingOpened')]);
    await store.append(newStream(red), 'none', [wanted[1] as never]);
    const { position: last } = await store.append(newStream(blue), 'none', newEvents(3));
    const filter = { streamPrefixes: [`${red}-`], types: ['ThingOpened', 'ThingMoved'] };
    const collected = await collect(store.subscribe({ after, filter }), ({ caughtUp, position }) => caughtUp && (position ?? '') >= last);
    expect(ids(collected.events)).toEqual(ids(wanted));
  });

  it('never delivers events of the store itself', async () => {
    const after = await store.head();
    const stream = newStream(uniqueName('watched'));
    await store.append(stream, 'none', newEvents(1));
    await harness.provokeSystemEvent(stream);
    await store.append(stream, 0, newEvents(1));
    const { events } = await collect(store.subscribe({ after }), (soFar) => soFar.events.length >= 2);
    expect(events).toEqual(await store.readStream(stream));
  });

  it('pulls: what is appended while the consumer is busy comes with its next batches', async () => {
    const after = await store.head();
    const iterator = store.subscribe({ after, batchSize: 10 })[Symbol.asyncIterator]();
    const first = appendMany(10);
    const collected = new Collected();
    const read = async (count: number) => {
      while (collected.events.length < count) collected.add((await iterator.next()).value as Batch);
    };
    await read(10);
    const second = await appendMany(200);
    await read(210);
    await iterator.return?.();
    expect(ids(collected.events)).toEqual([...(await first), ...second]);
  });

  describe('ends', () => {
    /** A subscription that waits for the next event. */
    async function waiting(signal?: AbortSignal) {
      const iterator = store.subscribe({ after: await store.head() }, signal)[Symbol.asyncIterator]();
      for (let caughtUp = false; !caughtUp;) caughtUp = ((await iterator.next()).value as Batch).caughtUp;
      return { iterator, next: iterator.next() };
    }

    it('by its signal, while it waits', async () => {
      const controller = new AbortController();
      const { next } = await waiting(controller.signal);
      controller.abort();
      expect(await next).toEqual({ done: true, value: undefined });
    });

    it('by return, while it waits', async () => {
      const { iterator, next } = await waiting();
      await iterator.return?.();
      expect(await next).toEqual({ done: true, value: undefined });
    });

    it('when the store is closed, while it waits', async () => {
      const { next } = await waiting();
      await store.close();
      expect(await next).toEqual({ done: true, value: undefined });
      store = await harness.open();
    });

    it('at once where the signal was there before', async () => {
      const iterator = store.subscribe({}, AbortSignal.abort())[Symbol.asyncIterator]();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });
  });

  it('survives that the store is away, without gap or repeat', async () => {
    const after = await store.head();
    const before = await appendMany(40);
    const collected = new Collected();
    const end = new AbortController();
    const follow = async (from: EventStore) => {
      for await (const batch of from.subscribe({ after: collected.position ?? after, batchSize: 10 }, end.signal)) {
        collected.add(batch);
        if (collected.events.length >= 140) break;
      }
    };
    let following = follow(store);
    const interrupted = await harness.interrupt(store);
    if (interrupted !== store) {
      // This store does not come back by itself: it was opened again, and the subscription goes on from its checkpoint.
      await following;
      store = interrupted;
      following = follow(store);
    }
    const later = await appendMany(100);
    await following;
    expect(ids(collected.events)).toEqual([...before, ...later]);
  });
}
