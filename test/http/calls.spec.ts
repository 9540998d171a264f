/** A support call over HTTP: who may read it and for what, what its caller never sees, and who is told who looked. */
import { TestServer, type Answer } from './server';

jest.setTimeout(120_000);

const CATEGORIES = ['identity', 'conversation', 'support', 'feedback', 'sign-in'];
const PURPOSE = {
  slug: 'service-desk',
  title: 'Service desk',
  explanation: 'We solve what you report.',
  categories: CATEGORIES,
  subjects: ['customer-contact', 'colleague'],
  basis: 'contract',
  retention: CATEGORIES.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
const about = { purpose: 'service-desk', source: 'data-subject' };
const NOWHERE = '0198c0de-0000-7000-8000-000000000000';
/** An answer as it can be told apart from another. */
const told = ({ status, body }: Answer) => ({ status, body: { ...body, instance: '' } });

describe('A support call', () => {
  let server: TestServer;
  const ids: Record<string, string> = {};
  let call: string;
  let seen: Record<string, string>;

  beforeAll(async () => {
    server = await TestServer.start();
    const petra = (method: string, path: string, body?: unknown) => server.call('petra', method, path, body);
    await petra('POST', '/v1/purposes', PURPOSE);
    await petra('POST', '/v1/purposes', {
      ...PURPOSE,
      slug: 'address-book',
      categories: ['identity'],
      retention: PURPOSE.retention.slice(0, 1),
    });
    for (const name of ['alice', 'bob', 'sam', 'carla']) {
      const relationship = name === 'sam' || name === 'carla' ? 'colleague' : 'customer';
      const id = (await petra('POST', '/v1/people', { ...about, relationship, name })).body['id'] as string;
      await petra('POST', `/v1/people/${id}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: name });
      ids[name] = id;
    }
    await petra('POST', `/v1/staff/${ids['sam']}/roles`, { role: 'support' });
    await petra('POST', `/v1/staff/${ids['carla']}/roles`, { role: 'sales' });
    const today = new Date().toISOString().slice(0, 10);
    const validUntil = `${Number(today.slice(0, 4)) + 1}-01-01`;
    await petra('POST', `/v1/staff/${ids['sam']}/trainings`, { completedOn: today, validUntil });

    const opened = await server.call('alice', 'POST', '/v1/calls', {
      ...about,
      caller: ids['alice'],
      medium: 'portal',
      subject: 'No light',
    });
    expect(opened.status).toBe(201);
    call = opened.body['id'] as string;
    const say = (direction: string, text: string) =>
      server.call('sam', 'POST', `/v1/calls/${call}/communications`, { ...about, direction, text });
    await say('internal', 'She called twice before.');
    const last = await say('to-caller', 'Turn it on.');
    seen = { 'rapport-position': last.headers.get('rapport-position')! };
  });
  afterAll(() => server.close());

  it('is read by its caller, without what colleagues noted internally', async () => {
    const { status, body } = await server.call('alice', 'GET', `/v1/calls/${call}`, undefined, seen);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('Turn it on.');
    const mine = await server.call('alice', 'GET', '/v1/people/me/data', undefined, seen);
    expect(mine.body['values']).toContainEqual(expect.objectContaining({ value: { withheld: true, category: 'support' } }));
    expect(JSON.stringify([body, mine.body])).not.toContain('twice before');
  });

  it('is read by support for a purpose that covers it, and for no other', async () => {
    const read = (query: string) => server.call('sam', 'GET', `/v1/calls/${call}${query}`, undefined, seen);
    expect(await read('')).toMatchObject({ status: 403, body: { reason: 'purpose-missing', errors: [{ pointer: '/purpose' }] } });
    expect(await read('?purpose=curiosity')).toMatchObject({ status: 403, body: { reason: 'purpose-unknown' } });
    expect(await read('?purpose=address-book')).toMatchObject({ status: 403, body: { reason: 'purpose-does-not-cover' } });
    const { status, body } = await read('?purpose=service-desk');
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('twice before');
  });

  it('tells its caller who looked', async () => {
    const disclosures = async () => {
      const head = (await server.call('petra', 'POST', '/v1/purposes', { ...PURPOSE, title: String(Math.random()) })).headers;
      const after = { 'rapport-position': head.get('rapport-position')! };
      return (await server.call('alice', 'GET', '/v1/people/me/disclosures', undefined, after)).body['looks'] as object[];
    };
    expect(await disclosures()).toEqual([
      expect.objectContaining({
        question: 'ReadCall',
        roles: ['support'],
        purpose: 'service-desk',
        categories: ['support'],
        shared: false,
      }),
    ]);
    // A conversation with two people is nobody's alone: who looks at it through one of them, looks at both.
    const talk = { ...about, participants: [ids['alice'], ids['bob']], medium: 'meeting', subject: 'The lamp' };
    const { headers } = await server.call('sam', 'POST', '/v1/conversations', talk);
    const shown = { 'rapport-position': headers.get('rapport-position')! };
    const timeline = await server.call('sam', 'GET', `/v1/people/${ids['bob']}/timeline?purpose=service-desk`, undefined, shown);
    expect(JSON.stringify(timeline.body)).toContain('The lamp');
    expect(await disclosures()).toEqual([
      expect.objectContaining({ question: 'ReadTimeline', categories: ['conversation'], shared: true }),
      expect.objectContaining({ question: 'ReadCall' }),
    ]);
  });

  it('is nobody else’s: for another person, and for a colleague without training, it is as if it were not there', async () => {
    for (const name of ['bob', 'carla']) {
      for (const query of ['', '?purpose=service-desk', '?purpose=address-book', '?purpose=curiosity']) {
        const [theirs, nowhere] = await Promise.all([
          server.call(name, 'GET', `/v1/calls/${call}${query}`, undefined, seen),
          server.call(name, 'GET', `/v1/calls/${NOWHERE}${query}`, undefined, seen),
        ]);
        expect(theirs.status).toBe(name === 'bob' && !query.includes('curiosity') ? 404 : 403);
        expect(told(theirs)).toEqual(told(nowhere));
      }
      const saying = { ...about, direction: 'from-caller', text: 'x' };
      for (const ifMatch of [undefined, '"99"', '*']) {
        const headers: Record<string, string> = ifMatch === undefined ? {} : { 'if-match': ifMatch };
        const [theirs, nowhere] = await Promise.all([
          server.call(name, 'POST', `/v1/calls/${call}/communications`, saying, headers),
          server.call(name, 'POST', `/v1/calls/${NOWHERE}/communications`, saying, headers),
        ]);
        expect(told(theirs)).toEqual(told(nowhere));
      }
    }
  });

  it('is assigned to colleagues, and not to whoever a customer names', async () => {
    const assign = (who: string, assignee: string) => server.call(who, 'PUT', `/v1/calls/${call}/assignment`, { assignee });
    expect(await assign('sam', ids['sam']!)).toMatchObject({ status: 200 });
    expect(await assign('sam', ids['bob']!)).toMatchObject({ status: 422, body: { type: '/problems/assignee-no-colleague' } });
    expect(await assign('sam', NOWHERE)).toMatchObject({ status: 422, body: { type: '/problems/unknown-person' } });
    expect(await assign('alice', NOWHERE)).toMatchObject({ status: 404, body: { type: '/problems/not-found' } });
  });

  it('lets nobody act who left, whatever role they had', async () => {
    await server.call('petra', 'POST', `/v1/people/${ids['sam']}/leave`, {});
    const read = await server.call('sam', 'GET', `/v1/calls/${call}?purpose=service-desk`);
    expect(read).toMatchObject({ status: 403, body: { reason: 'account-unknown' } });
    expect(await server.call('petra', 'POST', `/v1/staff/${ids['sam']}/roles`, { role: 'sales' })).toMatchObject({
      status: 409,
      body: { type: '/problems/colleague-left' },
    });
  });
});
