/** Lists in pages: every entry once, whatever is added meanwhile, and no cursor but those that were given. */
import { TestServer } from './server';

jest.setTimeout(120_000);

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
const CALLS = 5;

describe('A list', () => {
  let server: TestServer;
  let alice: string;
  let last: Record<string, string>;

  const send = async (who: string, path: string, body: object) => {
    const answer = await server.call(who, 'POST', path, body);
    expect(answer.status).toBeLessThan(300);
    last = { 'rapport-position': answer.headers.get('rapport-position')! };
    return answer.body['id'] as string;
  };
  const openCall = (n: number) => send('alice', '/v1/calls', { ...about, caller: alice, medium: 'portal', subject: `Call ${n}` });

  /** Every page of a list, following `next`; `meanwhile` happens after the first. */
  const pages = async (who: string, path: string, member: string, limit: number, meanwhile?: () => Promise<unknown>) => {
    const found: Record<string, unknown>[][] = [];
    const with_ = (parameters: string) => `${path}${path.includes('?') ? '&' : '?'}${parameters}`;
    for (let cursor: string | undefined; ;) {
      const { status, body } = await server.call(
        who,
        'GET',
        with_(`limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`),
        undefined,
        last,
      );
      expect(status).toBe(200);
      found.push(body[member] as Record<string, unknown>[]);
      cursor = body['next'] as string | undefined;
      if (cursor === undefined) return found;
      if (found.length === 1) await meanwhile?.();
    }
  };

  beforeAll(async () => {
    server = await TestServer.start();
    await send('petra', '/v1/purposes', PURPOSE);
    alice = await send('petra', '/v1/people', { ...about, relationship: 'customer', name: 'Alice Arden', email: 'alice@arden.example' });
    await send('petra', `/v1/people/${alice}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: 'alice' });
    for (let n = 1; n <= CALLS; n++) await openCall(n);
    for (let n = 0; n < 4; n++) await server.call('petra', 'GET', `/v1/people/${alice}/timeline?purpose=customer-service`, undefined, last);
  });
  afterAll(() => server.close());

  const lists = [
    ['alice', '/v1/people/me/data', 'values'],
    ['alice', '/v1/people/me/disclosures', 'looks'],
    ['alice', '/v1/people/me/calls', 'calls'],
    ['petra', '/v1/people/ALICE/timeline?purpose=customer-service', 'entries'],
    ['petra', '/v1/audit-trail', 'entries'],
  ] as const;

  it.each(lists)('%s %s: has every entry once, in one order, whatever its pages', async (who, path, member) => {
    const at = path.replace('ALICE', alice);
    const whole = (await pages(who, at, member, 500)).flat();
    expect(whole.length).toBeGreaterThan(3);
    const byTwo = await pages(who, at, member, 2);
    expect(byTwo.slice(0, -1).every((page) => page.length === 2)).toBe(true);
    // Reading is recorded: a list of what was read, or of everything, has grown at its beginning since.
    const grown = byTwo.flat();
    expect(grown.slice(grown.length - whole.length)).toEqual(whole);
  });

  it.each(lists.filter(([, path]) => !path.endsWith('/data')))('%s %s: moves no entry when others are added', async (who, path, member) => {
    const at = path.replace('ALICE', alice);
    const before = (await pages(who, at, member, 500)).flat();
    const meanwhile = async () => {
      await openCall(99);
      await server.call('petra', 'GET', `/v1/people/${alice}/timeline?purpose=customer-service`, undefined, last);
    };
    const during = (await pages(who, at, member, 2, meanwhile)).flat();
    expect(during.slice(during.length - before.length)).toEqual(before);
  });

  it('goes on to what was added, where the oldest come first', async () => {
    const before = (await pages('alice', '/v1/people/me/data', 'values', 500)).flat();
    const during = (await pages('alice', '/v1/people/me/data', 'values', 2, () => openCall(100))).flat();
    expect(during.slice(0, before.length)).toEqual(before);
    expect(during).toHaveLength(before.length + 1);
  });

  it('takes no cursor that it did not give, and says so', async () => {
    const first = await server.call('alice', 'GET', '/v1/people/me/calls?limit=1');
    const cursor = first.body['next'] as string;
    const refused = [
      `/v1/people/me/calls?cursor=${cursor.slice(0, -2)}AA`,
      '/v1/people/me/calls?cursor=nonsense',
      `/v1/people/me/data?cursor=${cursor}`,
      `/v1/people/me/disclosures?cursor=${cursor}`,
    ];
    for (const path of refused) {
      const { status, body } = await server.call('alice', 'GET', path);
      expect({ path, status, body }).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cursor', code: 'cursor' }] } });
    }
    const empty = await server.call('alice', 'GET', '/v1/people/me/calls?cursor=');
    expect(empty).toMatchObject({ status: 400, body: { errors: [{ pointer: '/cursor' }] } });
    expect((await server.call('alice', 'GET', '/v1/people/me/calls?limit=501')).body).toMatchObject({ errors: [{ pointer: '/limit' }] });
    expect((await server.call('alice', 'GET', `/v1/people/me/calls?cursor=${cursor}`)).status).toBe(200);
  });

  it('gives cursors without anything of a person in them', async () => {
    const { body } = await server.call('alice', 'GET', '/v1/people/me/data?limit=1');
    const readable = Buffer.from(body['next'] as string, 'base64url').toString('latin1');
    expect(readable).toMatch(/\["[0-9a-f]{32}","[a-z-A-Z]+"\]$/);
  });
});
