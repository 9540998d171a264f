import { setImmediate } from 'node:timers/promises';
import { position, type Batch, type StoredEvent } from '@rapport/event-store';
import { preferred } from './accept';
import { FORMATS, pieces, type Following } from './event-stream';

const at = (n: number) => position(BigInt(n));
const event = (n: number): StoredEvent => ({
  id: `e${n}`,
  type: 'Happened',
  stream: 'thing-1',
  revision: n,
  position: at(n),
  data: {},
  metadata: {},
});
const batch = (...events: number[]): Batch => ({ events: events.map(event), position: at(events.at(-1) ?? 0), caughtUp: true });

/** Batches that come when the test says so, and how many were asked for. */
function given() {
  const state = { asked: 0, ended: false };
  const waiting: { resolve: (result: IteratorResult<Batch, undefined>) => void; reject: (error: Error) => void }[] = [];
  const batches: AsyncIterator<Batch, undefined> = {
    next: () => {
      state.asked++;
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    return: async () => {
      state.ended = true;
      return { done: true, value: undefined };
    },
  };
  const come = (next: Batch) => waiting.shift()!.resolve({ done: false, value: next });
  const end = () => waiting.shift()!.resolve({ done: true, value: undefined });
  const fail = (error: Error) => waiting.shift()!.reject(error);
  return { state, batches, come, end, fail };
}

const follow = (batches: AsyncIterator<Batch, undefined>, more: Partial<Following> = {}) =>
  pieces({
    batches,
    first: { done: false, value: batch(1, 2) },
    format: FORMATS['text/event-stream'],
    written: ({ id }) => JSON.stringify(id),
    mayGoOn: () => true,
    heartbeat: 60_000,
    ...more,
  });
const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
};

describe('A stream of events', () => {
  it('writes each event with its position, then how far it has looked', async () => {
    const { batches, come, end, state } = given();
    const sent = follow(batches);
    expect((await sent.next()).value).toBe('retry: 2000\n\n');
    expect((await sent.next()).value).toBe(`id: ${at(1)}\ndata: "e1"\n\nid: ${at(2)}\ndata: "e2"\n\nid: ${at(2)}\n\n`);
    const third = sent.next();
    come(batch(7));
    expect((await third).value).toContain('data: "e7"');
    const last = sent.next();
    end();
    expect((await last).done).toBe(true);
    expect(state.ended).toBe(true);
  });

  it('writes lines where that is wanted', async () => {
    const { batches } = given();
    const sent = follow(batches, { format: FORMATS['application/x-ndjson'] });
    expect([(await sent.next()).value, (await sent.next()).value]).toEqual(['\n', '"e1"\n"e2"\n']);
    await sent.return();
  });

  it('reads one batch ahead of what is taken, and no more', async () => {
    const { batches, come, state } = given();
    const sent = follow(batches);
    await sent.next();
    await sent.next();
    await settled();
    expect(state.asked).toBe(1);
    come(batch(3));
    await settled();
    expect(state.asked).toBe(1);
    await sent.next();
    expect(state.asked).toBe(2);
    await sent.return();
    expect(state.ended).toBe(true);
  });

  it('says that it is still there', async () => {
    const { batches, come } = given();
    const sent = follow(batches, { heartbeat: 5 });
    await sent.next();
    await sent.next();
    expect((await sent.next()).value).toBe(': still here\n\n');
    expect((await sent.next()).value).toBe(': still here\n\n');
    const next = sent.next();
    come(batch(3));
    expect((await next).value).toMatch(/still here|e3/);
    await sent.return();
  });

  it.each([0, 1, 2])('sends nothing more once it may not, after %i questions', async (allowed) => {
    const { batches, come, state } = given();
    let asked = 0;
    const sent = follow(batches, { mayGoOn: () => asked++ < allowed, heartbeat: allowed === 2 ? 60_000 : 1 });
    const texts: string[] = [];
    if (allowed === 2) void settled().then(() => (come(batch(3)), settled().then(() => come(batch(4)))));
    for await (const text of sent) texts.push(text);
    expect(texts.join('')).toContain('retry');
    expect(texts.join('').includes('e1')).toBe(allowed > 0);
    expect(texts.join('').includes('e4')).toBe(false);
    expect(state.ended).toBe(true);
  });

  it('ends where the store fails, also while nobody takes anything', async () => {
    const { batches, fail, state } = given();
    const sent = follow(batches);
    await sent.next();
    await sent.next();
    fail(new Error('gone'));
    await settled();
    await expect(sent.next()).rejects.toThrow('gone');
    expect(state.ended).toBe(true);
  });
});

describe('Accept', () => {
  const offers = ['text/event-stream', 'application/x-ndjson'] as const;
  it.each([
    [undefined, 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['text/event-stream', 'text/event-stream'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['application/X-NDJSON; charset=utf-8', 'application/x-ndjson'],
    ['application/*', 'application/x-ndjson'],
    ['text/event-stream;q=0.5, application/x-ndjson', 'application/x-ndjson'],
    ['text/event-stream;q=0, */*', 'application/x-ndjson'],
    ['text/html, */*;q=0.1', 'text/event-stream'],
    ['text/html', undefined],
    ['text/event-stream;q=0', undefined],
    ['', undefined],
  ])('%s is %s', (accept, expected) => expect(preferred(accept, offers)).toBe(expected));
});
