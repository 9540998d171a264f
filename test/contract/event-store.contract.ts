/** What every event store must do. Part 1: appending and reading. Subscriptions are in `event-store.subscriptions.ts`. */
import {
  AppendTooLarge,
  InvalidAppend,
  MAX_APPEND_BYTES,
  WrongExpectedRevision,
  type EventStore,
  type ExpectedRevision,
  type Json,
  type JsonObject,
  type NewEvent,
} from '@rapport/event-store';
import { appendSurely, ids, newEvent, newEvents, newStream, uniqueName, type Harness } from './event-store.harness';
import { AWKWARD, canonical, REFUSED } from './event-store.vectors';

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => new Error('It was not refused.'),
    (error: unknown) => error,
  );
}

/** @param harness made anew for each block of tests */
export function describeEventStore(harness: Harness): void {
  let store: EventStore;
  beforeAll(async () => {
    store = await harness.open();
  });
  afterAll(async () => {
    await store.close();
    await harness.dispose();
  });

  async function expectConflict(
    stream: string,
    expected: ExpectedRevision,
    actual: number | 'none',
    events: readonly NewEvent[] = newEvents(1),
  ) {
    const before = await store.readStream(stream);
    const error = await refusal(store.append(stream, expected, events));
    expect(error).toBeInstanceOf(WrongExpectedRevision);
    expect(error).toMatchObject({ stream, expected, actual });
    expect(await store.readStream(stream)).toEqual(before);
  }

  describe('expected revision', () => {
    it('none: creates the stream, and refuses where it exists', async () => {
      const stream = newStream();
      expect(await store.append(stream, 'none', newEvents(3))).toMatchObject({ revision: 2 });
      await expectConflict(stream, 'none', 2);
    });

    it('exact: appends after that revision, and refuses before, behind and without it', async () => {
      const stream = newStream();
      await expectConflict(stream, 0, 'none');
      await store.append(stream, 'none', newEvents(2));
      expect(await store.append(stream, 1, newEvents(1))).toMatchObject({ revision: 2 });
      await expectConflict(stream, 1, 2);
      await expectConflict(stream, 0, 2);
      await expectConflict(stream, 3, 2);
    });

    it('any: appends whether there is a stream or not', async () => {
      const stream = newStream();
      expect(await store.append(stream, 'any', newEvents(1))).toMatchObject({ revision: 0 });
      expect(await store.append(stream, 'any', newEvents(2))).toMatchObject({ revision: 2 });
    });

    it('exists: appends to a stream, and refuses to create one', async () => {
      const stream = newStream();
      await expectConflict(stream, 'exists', 'none');
      await store.append(stream, 'none', newEvents(1));
      expect(await store.append(stream, 'exists', newEvents(1))).toMatchObject({ revision: 1 });
    });

    it('is refused with a message that says where the stream was expected and where it is', async () => {
      const stream = newStream();
      await store.append(stream, 'none', newEvents(5));
      const error = await refusal(store.append(stream, 2, newEvents(1)));
      expect((error as Error).message).toContain(`${stream} was expected at revision 2 and is at 4`);
    });

    it('lets exactly one of 64 concurrent writers win, round after round', async () => {
      const stream = newStream();
      const rounds = 6;
      for (let round = 0; round < rounds; round++) {
        const expected = round === 0 ? 'none' : round - 1;
        const attempts = Array.from({ length: 64 }, () => newEvent());
        const results = await Promise.allSettled(attempts.map((event) => store.append(stream, expected, [event])));
        const winners = attempts.filter((_, i) => results[i]?.status === 'fulfilled');
        const losers = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
        expect(winners).toHaveLength(1);
        expect(losers.every((error) => error instanceof WrongExpectedRevision && error.actual === round)).toBe(true);
        expect((await store.readStream(stream)).at(-1)?.id).toBe(winners[0]?.id);
      }
      expect(await store.readStream(stream)).toHaveLength(rounds);
    });
  });

  describe('idempotency', () => {
    it('answers the same ids at the same original revision as the first time, and writes nothing', async () => {
      const stream = newStream();
      const [first, second] = [newEvents(2), newEvents(3)];
      const created = await store.append(stream, 'none', first);
      expect(await store.append(stream, 'none', first)).toEqual(created);
      const continued = await store.append(stream, 1, second);
      expect(await store.append(stream, 1, second)).toEqual(continued);
      // Also when the stream has moved on.
      expect(await store.append(stream, 'none', first)).toEqual(created);
      expect(ids(await store.readStream(stream))).toEqual(ids([...first, ...second]));
    });

    it('recognizes a prefix of what was appended, because the ids stand there', async () => {
      const stream = newStream();
      const events = newEvents(3);
      await store.append(stream, 'none', events);
      expect(await store.append(stream, 'none', events.slice(0, 2))).toMatchObject({ revision: 1 });
      expect(await store.readStream(stream)).toHaveLength(3);
    });

    it('refuses what is partly new, in another order, or at another revision', async () => {
      const stream = newStream();
      const [a, b, c] = newEvents(3) as [NewEvent, NewEvent, NewEvent];
      await store.append(stream, 'none', [a, b]);
      await expectConflict(stream, 'none', 1, [a, b, c]);
      await expectConflict(stream, 'none', 1, [a, c]);
      await expectConflict(stream, 'none', 1, [c, b]);
      await expectConflict(stream, 'none', 1, [b, a]);
      await expectConflict(stream, 0, 1, [a]);
      await expectConflict(stream, 5, 1, [a]);
    });

    it('does not look at ids in another stream or at the current revision', async () => {
      const [stream, other] = [newStream(), newStream()];
      const events = newEvents(1);
      const first = await store.append(stream, 'none', events);
      const elsewhere = await store.append(other, 'none', events);
      const again = await store.append(stream, 0, events);
      expect(new Set([first, elsewhere, again].map(({ position }) => position)).size).toBe(3);
      expect(ids(await store.readStream(stream))).toEqual(ids([...events, ...events]));
    });

    it('goes by ids, not by what the events hold', async () => {
      const stream = newStream();
      const event = newEvent('ThingHappened', { text: 'first' });
      const created = await store.append(stream, 'none', [event]);
      expect(await store.append(stream, 'none', [{ ...event, data: { text: 'second' } }])).toEqual(created);
      expect((await store.readStream(stream))[0]?.data).toEqual({ text: 'first' });
    });

    it('answers concurrent copies of one append alike', async () => {
      const stream = newStream();
      const events = newEvents(2);
      // A server may not know yet how the first one ends: that is an unknown outcome, to be tried again like any other.
      const answers = await Promise.all(Array.from({ length: 8 }, () => appendSurely(store, stream, 'none', events)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(await store.readStream(stream)).toHaveLength(2);
    });

    it('holds after the store was opened again', async () => {
      const stream = newStream();
      const events = newEvents(2);
      const created = await store.append(stream, 'none', events);
      await store.close();
      store = await harness.open();
      expect(await store.append(stream, 'none', events)).toEqual(created);
      expect(await store.readStream(stream)).toHaveLength(2);
    });

    it('makes it safe to append again where the answer was lost', async () => {
      const stream = newStream();
      const [first, second] = [newEvents(2), newEvents(1)];
      store = await harness.loseAnswer(store, stream, 'none', first);
      expect(await store.append(stream, 'none', first)).toMatchObject({ revision: 1 });
      store = await harness.loseAnswer(store, stream, 1, second);
      expect(await store.append(stream, 1, second)).toMatchObject({ revision: 2 });
      expect(ids(await store.readStream(stream))).toEqual(ids([...first, ...second]));
    });
  });

  describe('closing', () => {
    it('answers what was accepted before, and accepts nothing after', async () => {
      const appends = Array.from({ length: 50 }, () => ({ stream: newStream(), events: newEvents(2) }));
      const accepted = appends.map(({ stream, events }) => store.append(stream, 'none', events));
      const closed = store.close();
      const late = newStream();
      expect(await refusal(store.append(late, 'none', newEvents(1)))).toMatchObject({ name: 'AppendFailed', stream: late });
      await closed;
      expect((await Promise.all(accepted)).map(({ revision }) => revision)).toEqual(appends.map(() => 1));
      store = await harness.open();
      for (const { stream, events } of appends) expect(ids(await store.readStream(stream))).toEqual(ids(events));
      expect(await store.readStream(late)).toEqual([]);
    });

    it('may be asked for twice', async () => {
      await Promise.all([store.close(), store.close()]);
      await store.close();
      store = await harness.open();
    });
  });

  describe('reading a stream', () => {
    const stream = newStream();
    const events = newEvents(10);
    const revisions = async (...options: Parameters<EventStore['readStream']> extends [string, ...infer O] ? O : never) =>
      (await store.readStream(stream, ...options)).map(({ revision }) => revision);
    beforeAll(() => store.append(stream, 'none', events));

    it('gives events as they were appended, with their place', async () => {
      const found = await store.readStream(stream);
      expect(found).toEqual(
        events.map((event, revision) => ({ ...event, stream, revision, position: expect.stringMatching(/^[0-9a-f]{32}$/) })),
      );
    });

    it('reads forwards and backwards, from a revision, as many as asked for', async () => {
      expect(await revisions()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await revisions({ from: 7 })).toEqual([7, 8, 9]);
      expect(await revisions({ from: 3, limit: 2 })).toEqual([3, 4]);
      expect(await revisions({ direction: 'backwards', limit: 3 })).toEqual([9, 8, 7]);
      expect(await revisions({ direction: 'backwards', from: 2 })).toEqual([2, 1, 0]);
      expect(await revisions({ direction: 'backwards', from: 5, limit: 1 })).toEqual([5]);
      expect(await revisions({ limit: 0 })).toEqual([]);
    });

    it('is empty behind the end, and where there is no such stream', async () => {
      expect(await revisions({ from: 10 })).toEqual([]);
      expect(await store.readStream(newStream())).toEqual([]);
      expect(await store.readStream(newStream(), { direction: 'backwards', limit: 1 })).toEqual([]);
    });
  });

  describe('reading everything', () => {
    const [red, blue] = [uniqueName('red'), uniqueName('blue')];
    const appended: { id: string; category: string; type: string; position: string }[] = [];
    /** The end of what was there before. */
    let start: string | undefined;
    beforeAll(async () => {
      start = await store.head();
      for (let i = 0; i < 12; i++) {
        const category = i % 2 === 0 ? red : blue;
        const event = newEvent(i % 3 === 0 ? 'ThingClosed' : i % 3 === 1 ? 'ThingOpened' : 'ThingOpenedAgain');
        const { position } = await store.append(newStream(category), 'none', [event]);
        appended.push({ id: event.id, category, type: event.type, position });
      }
    });
    const mine = (test: (each: (typeof appended)[number]) => boolean) => ids(appended.filter(test));
    const ours = { streamPrefixes: [`${red}-`, `${blue}-`] };

    it('gives events in the order of their positions, which append has told', async () => {
      const found = await store.readAll({ from: start, filter: ours });
      expect(found.map(({ id, position }) => ({ id, position }))).toEqual(appended.map(({ id, position }) => ({ id, position })));
      expect(appended.map(({ position }) => position)).toEqual(appended.map(({ position }) => position).sort());
    });

    it('tells for an append of several events the position of the last one', async () => {
      const stream = newStream(uniqueName('several'));
      const { position } = await store.append(stream, 'none', newEvents(3));
      expect((await store.readAll({ direction: 'backwards', limit: 1, filter: { streamPrefixes: [stream] } }))[0]?.position).toBe(position);
    });

    it('reads forwards from after a position', async () => {
      const from = appended[4]?.position;
      expect(ids(await store.readAll({ from, filter: ours }))).toEqual(ids(appended.slice(5)));
      expect(ids(await store.readAll({ from, limit: 3, filter: ours }))).toEqual(ids(appended.slice(5, 8)));
    });

    it('reads backwards from before a position', async () => {
      const from = appended[4]?.position;
      expect(ids(await store.readAll({ direction: 'backwards', from, limit: 4, filter: ours }))).toEqual(
        ids(appended.slice(0, 4).reverse()),
      );
      expect(ids(await store.readAll({ direction: 'backwards', limit: 2, filter: ours }))).toEqual(ids(appended.slice(10).reverse()));
    });

    it('filters by stream prefix and by type, together and alone', async () => {
      const found = async (filter: { streamPrefixes?: string[]; types?: string[] }) =>
        ids(await store.readAll({ from: start, filter })).filter((id) => appended.some((each) => each.id === id));
      const both = { streamPrefixes: [`${red}-`], types: ['ThingClosed', 'ThingOpened'] };
      expect(await found(both)).toEqual(mine(({ category, type }) => category === red && type !== 'ThingOpenedAgain'));
      expect(await found({ streamPrefixes: [`${blue}-`] })).toEqual(mine(({ category }) => category === blue));
      // The type is compared as a whole: ThingOpenedAgain is another one.
      expect(await found({ types: ['ThingOpened'] })).toEqual(mine(({ type }) => type === 'ThingOpened'));
      expect(await found({})).toEqual(ids(appended));
      expect(await found({ types: [], streamPrefixes: [] })).toEqual(ids(appended));
      expect(await found({ streamPrefixes: [`${red}-`], types: ['NothingOfTheKind'] })).toEqual([]);
    });

    it('takes a prefix literally', async () => {
      await store.append(newStream(uniqueName('literal')), 'none', newEvents(1));
      expect(await store.readAll({ from: start, filter: { streamPrefixes: ['literal%', 'liter_l', 'literal.*', 'Literal'] } })).toEqual([]);
    });

    it('knows the position of the last event, also behind many of the store itself', async () => {
      const stream = newStream();
      const { position } = await store.append(stream, 'none', newEvents(2));
      expect(await store.head()).toBe(position);
      for (let i = 0; i < 30; i++) await harness.provokeSystemEvent(stream);
      expect(await store.head()).toBe(position);
      expect(await store.head()).toBe(position);
      const { position: next } = await store.append(stream, 1, newEvents(1));
      expect(await store.head()).toBe(next);
    });

    it('never shows events of the store itself', async () => {
      const category = uniqueName('watched');
      const stream = newStream(category);
      const from = await store.head();
      const before = await store.append(stream, 'none', newEvents(1));
      await harness.provokeSystemEvent(stream);
      const after = await store.append(stream, 0, newEvents(1));
      const found = await store.readAll({ from });
      expect(found.map(({ position }) => position)).toEqual([before.position, after.position]);
      expect((await store.readAll({ direction: 'backwards', limit: 2 })).map(({ stream: name }) => name)).toEqual([stream, stream]);
    });
  });

  describe('what an append may hold', () => {
    const sized = (bytes: number): NewEvent => {
      const event = { ...newEvent('Sized'), metadata: {} };
      const rest = 2 + 2 * 'Sized'.length + JSON.stringify({ text: '' }).length;
      return { ...event, data: { text: 'é'.repeat(Math.floor((bytes - rest) / 2)) + 'x'.repeat((bytes - rest) % 2) } };
    };

    it('takes 1 MiB and refuses a byte more, with a message that says so', async () => {
      const stream = newStream();
      await store.append(stream, 'none', [sized(MAX_APPEND_BYTES)]);
      const error = await refusal(store.append(stream, 0, [sized(MAX_APPEND_BYTES + 1)]));
      expect(error).toBeInstanceOf(AppendTooLarge);
      expect(error).toMatchObject({ stream, bytes: MAX_APPEND_BYTES + 1, limit: MAX_APPEND_BYTES });
      expect((error as Error).message).toContain('has 1048577 bytes; the limit for one append is 1048576');
      expect(await store.readStream(stream)).toHaveLength(1);
    });

    it('counts the whole append, not each event', async () => {
      const stream = newStream();
      const half = MAX_APPEND_BYTES / 2;
      await store.append(stream, 'none', [sized(half), sized(half)]);
      expect(await refusal(store.append(stream, 1, [sized(half), sized(half + 1)]))).toBeInstanceOf(AppendTooLarge);
      expect(await store.readStream(stream)).toHaveLength(2);
    });

    it.each(AWKWARD)('keeps %s', async (_, value: Json) => {
      const stream = newStream();
      const written: JsonObject = { value };
      await store.append(stream, 'none', [{ ...newEvent(), data: written, metadata: written }]);
      const [found] = await store.readStream(stream);
      expect(canonical(found?.data)).toBe(canonical(written));
      expect(canonical(found?.metadata)).toBe(canonical(written));
      const [inAll] = await store.readAll({ direction: 'backwards', limit: 1, filter: { streamPrefixes: [stream] } });
      expect(inAll).toEqual(found);
    });

    it.each(REFUSED)('refuses %s, and names the path', async (_, value, path) => {
      const stream = newStream();
      for (const part of ['data', 'metadata'] as const) {
        const event = { ...newEvent(), [part]: { list: [{ value }] } };
        const error = await refusal(store.append(stream, 'none', [newEvent(), event]));
        expect(error).toMatchObject({ name: 'InvalidEventJson', eventType: 'ThingHappened', path: `${part}/list/0/value${path}` });
        expect((error as Error).message).not.toContain('SECRET');
      }
      expect(await store.readStream(stream)).toEqual([]);
    });

    it.each([
      ['an empty stream name', '', 'ThingHappened'],
      ['a stream of the store itself', '$settings', 'ThingHappened'],
      ['a type of the store itself', newStream(), '$metadata'],
      ['an empty type', newStream(), ''],
      ['a stream name with NUL', `${newStream()}\0`, 'ThingHappened'],
      ['a type with half a surrogate pair', newStream(), 'Thing\ud800'],
    ])('refuses %s', async (_, stream, type) => {
      expect(await refusal(store.append(stream, 'any', [newEvent(type)]))).toBeInstanceOf(InvalidAppend);
    });

    it('refuses an append without events, an id that is not a lower-case UUID, and a revision that is none', async () => {
      const stream = newStream();
      expect(await refusal(store.append(stream, 'any', []))).toBeInstanceOf(InvalidAppend);
      expect(await refusal(store.append(stream, 'any', [{ ...newEvent(), id: newEvent().id.toUpperCase() }]))).toBeInstanceOf(
        InvalidAppend,
      );
      expect(await refusal(store.append(stream, -1, newEvents(1)))).toBeInstanceOf(InvalidAppend);
      expect(await refusal(store.append(stream, 0.5, newEvents(1)))).toBeInstanceOf(InvalidAppend);
    });
  });
}
