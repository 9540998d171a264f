/** Everything that happens, as it happens: for services and engaged auditors, each event once, and nothing personal. */
import { setTimeout as wait } from 'node:timers/promises';
import { TestServer } from './server';

jest.setTimeout(180_000);

const categories = ['identity', 'contact', 'conversation', 'support', 'sign-in', 'feedback'];
const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories,
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: categories.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
const about = { purpose: 'customer-service', source: 'data-subject' };
const SECRET = 'Wilhelmina van der Zwaluw';
const STREAM = '/v1/events/stream';

interface CloudEvent {
  readonly id: string;
  readonly type: string;
  readonly position: string;
  readonly data: Record<string, unknown>;
}

/** A connection to the stream, and what came by it. */
class Reading {
  readonly events: CloudEvent[] = [];
  lastEventId: string | undefined;
  text = '';
  private readonly stopped = new AbortController();
  private constructor(
    readonly answer: Response,
    private readonly controller: AbortController,
  ) {}

  static async open(server: TestServer, token: string, query: string, headers: Record<string, string> = {}): Promise<Reading> {
    const controller = new AbortController();
    const answer = await fetch(`${server.url}${STREAM}?${query}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers },
      signal: controller.signal,
    });
    return new Reading(answer, controller);
  }

  /** Reads until enough has come, or the stream ended. @returns whether it ended */
  async until(enough: () => boolean): Promise<boolean> {
    const lines = this.answer.headers.get('content-type')!.startsWith('application/x-ndjson');
    let rest = '';
    for await (const chunk of this.answer.body as unknown as AsyncIterable<Uint8Array>) {
      const text = Buffer.from(chunk).toString();
      this.text += text;
      const parts = (rest + text).split(lines ? '\n' : '\n\n');
      rest = parts.pop()!;
      for (const part of parts) {
        if (lines && part !== '') this.events.push(JSON.parse(part) as CloudEvent);
        if (lines) continue;
        this.lastEventId = /^id: (.*)$/m.exec(part)?.[1] ?? this.lastEventId;
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) this.events.push(JSON.parse(data) as CloudEvent);
      }
      if (enough()) return false;
    }
    return true;
  }

  close(): void {
    this.stopped.abort();
    this.controller.abort();
  }
}

describe('GET /v1/events/stream', () => {
  let server: TestServer;
  let crm: string;
  let alice: string;
  let audrey: string;
  let conversation: string;

  const send = async (path: string, body: object, who = 'petra') => {
    const { status, body: answered } = await server.call(who, 'POST', path, body);
    expect(status).toBeLessThan(300);
    return answered['id'] as string;
  };
  const note = (text: string) => send(`/v1/conversations/${conversation}/notes`, { ...about, text });
  const open = (query = 'purpose=customer-service', headers: Record<string, string> = {}, token = crm) =>
    Reading.open(server, token, query, headers);
  const everything = async () => {
    const reading = await open('purpose=customer-service', { accept: 'application/x-ndjson' });
    const marker = await note('The end, for now');
    void marker;
    const { body } = await server.call('petra', 'GET', '/v1/audit-trail?limit=1', undefined, {});
    const newest = (body['entries'] as { event: string }[])[0]!.event;
    await reading.until(() => reading.events.some(({ id }) => id === newest));
    reading.close();
    return reading.events;
  };

  beforeAll(async () => {
    server = await TestServer.start();
    const issuer = `${server.url}/identity`;
    await send('/v1/purposes', PURPOSE);
    await send('/v1/services', { name: 'crm', issuer, client: 'crm', purposes: ['customer-service'] });
    crm = await server.serviceToken('crm');
    alice = await send('/v1/people', { ...about, relationship: 'customer', name: SECRET });
    await send(`/v1/people/${alice}/sign-ins`, { ...about, issuer, subject: 'alice' });
    audrey = await send('/v1/people', { ...about, relationship: 'interested-party', name: 'Audrey Addo' });
    await send(`/v1/people/${audrey}/sign-ins`, { ...about, issuer, subject: 'audrey' });
    conversation = await send('/v1/conversations', { ...about, participants: [alice], medium: 'telephone', subject: SECRET });
    await note(SECRET);
  });
  afterAll(() => server.close());

  it('tells what happened from the beginning, as CloudEvents, with no personal value', async () => {
    const reading = await open();
    expect(reading.answer.headers.get('content-type')).toContain('text/event-stream');
    await reading.until(() => reading.events.some(({ type }) => type === 'NoteTaken'));
    reading.close();
    await server.conforms({ method: 'GET', path: STREAM, status: 200, mediaType: 'text/event-stream', body: reading.events });
    const taken = reading.events.find(({ type }) => type === 'NoteTaken')!;
    expect(taken).toMatchObject({
      specversion: '1.0',
      subject: `conversation-${conversation}`,
      actorkind: 'staff',
      purpose: 'customer-service',
    });
    expect(taken.data['text']).toEqual({ sealed: true, owner: alice, category: 'conversation' });
    expect(taken.data['participants']).toEqual([alice]);
    expect(reading.text).not.toMatch(/Wilhelmina|\$sealed|"secret"|"value"/);
  });

  it('goes live, in both formats, and filters by type', async () => {
    const lines = await open('purpose=customer-service&type=NoteTaken&type=FollowUpDone', { accept: 'application/x-ndjson' });
    const sent = await open('purpose=customer-service&type=NoteTaken');
    const before = (await everything()).filter(({ type }) => type === 'NoteTaken').length;
    const coming = [lines.until(() => lines.events.length === before + 1), sent.until(() => sent.events.length === before + 1)];
    await note('One more');
    await Promise.all(coming);
    for (const reading of [lines, sent]) {
      reading.close();
      expect(new Set(reading.events.map(({ type }) => type))).toEqual(new Set(['NoteTaken']));
    }
    expect(sent.events).toEqual(lines.events);
  });

  it('has every event once for a client that breaks off and comes back, while more happens', async () => {
    let writing = true;
    const written = (async () => {
      for (let n = 0; writing; n++) await note(`Note ${n}`);
    })();
    const got: CloudEvent[] = [];
    let last: string | undefined;
    for (const many of [1, 7, 2, 30, 1, 11, 60]) {
      const reading = await open('purpose=customer-service', last === undefined ? {} : { 'last-event-id': last });
      await reading.until(() => reading.events.length >= many);
      reading.close();
      got.push(...reading.events);
      last = reading.events.at(-1)!.position;
    }
    writing = false;
    await written;
    const all = await everything();
    expect(got.map(({ id }) => id)).toEqual(all.slice(0, got.length).map(({ id }) => id));
    const rest = await open(`purpose=customer-service&after=${last}`, { accept: 'application/x-ndjson' });
    await rest.until(() => rest.events.length >= all.length - got.length);
    rest.close();
    expect([...got, ...rest.events].slice(0, all.length)).toEqual(all);
  });

  it('comes back after what was filtered out too', async () => {
    const reading = await open('purpose=customer-service&type=SoftwareStarted');
    const head = (await everything()).at(-1)!.position;
    await reading.until(() => (reading.lastEventId ?? '') >= head);
    reading.close();
    expect(reading.events.map(({ type }) => type)).toEqual(['SoftwareStarted']);
  });

  it.each<[string, string, Record<string, string>, number, object]>([
    ['an unknown type', 'purpose=customer-service&type=Nonsense', {}, 400, { errors: [{ pointer: '/type/0' }] }],
    ['an unknown parameter', 'purpose=customer-service&colour=red', {}, 400, { errors: [{ pointer: '/colour' }] }],
    ['a position that is none', 'purpose=customer-service&after=7', {}, 400, { errors: [{ pointer: '/after' }] }],
    ['a position of no history of ours', `purpose=customer-service&after=${'f'.repeat(32)}`, {}, 400, { errors: [{ pointer: '/after' }] }],
    ['a Last-Event-ID that is none', 'purpose=customer-service', { 'last-event-id': 'x' }, 400, { errors: [{ pointer: '/after' }] }],
    ['another format', 'purpose=customer-service', { accept: 'text/html' }, 406, { type: '/problems/not-acceptable' }],
    ['no purpose', '', {}, 403, { reason: expect.any(String) }],
    ['a purpose nobody declared', 'purpose=curiosity', {}, 403, { errors: [{ pointer: '/purpose' }] }],
  ])('refuses %s', async (_, query, headers, status, members) => {
    const { answer } = await open(query, headers);
    const body = (await answer.json()) as object;
    expect({ status: answer.status, body }).toMatchObject({ status, body: members });
    await server.conforms({ method: 'GET', path: STREAM, status, mediaType: answer.headers.get('content-type')!, body });
  });

  it('is for services and engaged auditors, and ends when the engagement does', async () => {
    for (const who of ['alice', 'petra', 'audrey']) {
      const { answer } = await open('purpose=customer-service', {}, await server.token(who));
      expect([who, answer.status]).toEqual([who, 403]);
      await answer.text();
    }
    const [from, until] = ['2020-01-01', '2099-12-31'];
    const engagement = await send('/v1/engagements', { auditor: audrey, from, until, scope: ['access'] });
    const reading = await open('', {}, await server.token('audrey'));
    expect(reading.answer.status).toBe(200);
    await reading.until(() => reading.events.some(({ type }) => type === 'EngagementOpened'));
    await send(`/v1/engagements/${engagement}/end`, {});
    expect(await reading.until(() => reading.events.some(({ type }) => type === 'EngagementEnded'))).toBe(true);
  });

  it('does not hold others up where a client takes nothing', async () => {
    const idle = await Promise.all(Array.from({ length: 10 }, () => open()));
    for (let n = 0; n < 50; n++) await note('x'.repeat(10_000));
    expect((await everything()).length).toBeGreaterThan(50);
    for (const reading of idle) reading.close();
  });

  it('ends whole when the server is told to stop, and goes on with the next', async () => {
    const reading = await open();
    const ended = reading.until(() => false);
    await note('Before the stop');
    while (reading.events.at(-1)?.type !== 'NoteTaken') await wait(5);
    await server.kill('SIGTERM');
    expect(await ended).toBe(true);
    await server.start();
    const next = await open('purpose=customer-service', { 'last-event-id': reading.lastEventId! });
    await next.until(() => next.events.some(({ type }) => type === 'SoftwareStarted'));
    next.close();
    const known = new Set(reading.events.map(({ id }) => id));
    expect(next.events.filter(({ id }) => known.has(id))).toEqual([]);
    expect(server.log).not.toContain('"level":50');
  });
});
