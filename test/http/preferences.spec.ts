/** What people want to hear, whom we may tell, and how they stop it: over HTTP, to the link in a message. */
import { TestServer } from './server';

jest.setTimeout(180_000);

const categories = ['identity', 'contact', 'preferences', 'sign-in'];
const purpose = (slug: string, basis: string) => ({
  slug,
  title: slug,
  explanation: 'We tell you what you want to hear.',
  categories,
  subjects: ['customer-contact'],
  basis,
  retention: categories.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
});
const about = { purpose: 'marketing', source: 'data-subject' };

describe('Preferences', () => {
  let server: TestServer;
  const people: { [name: string]: string } = {};
  let position: Record<string, string> = {};

  const send = async (who: string, method: string, path: string, body?: object) => {
    const answer = await server.call(who, method, path, body);
    const moved = answer.headers.get('rapport-position');
    if (moved !== null) position = { 'rapport-position': moved };
    return answer;
  };
  const read = (who: string, path: string) => server.call(who, 'GET', path, undefined, position);
  const audience = async () => (await read('petra', '/v1/audience?topic=news&channel=e-mail&purpose=marketing')).body;
  const told = async () => ((await audience())['told'] as { person: string }[]).map(({ person }) => person);

  beforeAll(async () => {
    server = await TestServer.start();
    await send('petra', 'POST', '/v1/purposes', purpose('marketing', 'consent'));
    for (const name of ['alice', 'bob', 'nobody']) {
      const person = {
        ...about,
        relationship: 'customer',
        name: `${name} Arden`,
        ...(name !== 'nobody' && { email: `${name}@example.org` }),
      };
      people[name] = (await send('petra', 'POST', '/v1/people', person)).body['id'] as string;
    }
    for (const name of ['alice', 'bob']) {
      const account = { ...about, issuer: `${server.url}/identity`, subject: name };
      await send('petra', 'POST', `/v1/people/${people[name]}/sign-ins`, account);
    }
  });
  afterAll(() => server.close());

  it('are set by the person, and seen by them with their source', async () => {
    const news = { ...about, topic: 'news', toldBy: 'e-mail', wanted: true };
    expect((await send('alice', 'POST', '/v1/people/me/preferences', news)).status).toBe(201);
    expect((await read('alice', '/v1/people/me/preferences')).body).toMatchObject({
      preferences: [{ topic: 'news', toldBy: 'e-mail', wanted: true, permission: 'consent' }],
    });
    const { body } = await read('alice', '/v1/people/me/data');
    expect(body['values']).toContainEqual(expect.objectContaining({ field: 'topic', value: 'news', purpose: 'marketing' }));
    expect((await read('bob', `/v1/people/${people['alice']}/preferences`)).status).toBe(404);
  });

  it('are noted down by staff only with what they rest on', async () => {
    const news = { ...about, topic: 'news', toldBy: 'e-mail', wanted: true };
    const refused = await send('petra', 'POST', `/v1/people/${people['nobody']}/preferences`, news);
    expect(refused).toMatchObject({ status: 422, body: { type: '/problems/permission-missing' } });
    expect((await send('petra', 'POST', `/v1/people/${people['nobody']}/preferences`, { ...news, permission: 'consent' })).status).toBe(
      201,
    );
  });

  it('give the audience, with the reason for each who is left out; that they were looked at is recorded', async () => {
    const answer = await audience();
    expect(answer['told']).toMatchObject([{ person: people['alice'], name: 'alice Arden', address: 'alice@example.org' }]);
    expect(answer['excluded']).toEqual(
      expect.arrayContaining([
        { person: people['bob'], reason: 'nothing-said' },
        { person: people['nobody'], reason: 'no-address' },
      ]),
    );
    // A question is answered without a position; what is read after the next command shows what it left behind.
    await send('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Afterwards' });
    const { body } = await read('alice', '/v1/people/me/disclosures');
    expect(body['looks']).toContainEqual(expect.objectContaining({ question: 'ReadAudience', purpose: 'marketing' }));
    const count = await read('petra', '/v1/audience/count?topic=news&channel=e-mail');
    expect(count.body).toMatchObject({ told: 1 });
    expect(count.body['excluded']).toContainEqual({ reason: 'no-address', people: 1 });
    expect((await read('alice', '/v1/audience?topic=news&channel=e-mail&purpose=marketing')).status).toBe(404);
  });

  it('end by one click on the link, which looking at it does not', async () => {
    const [{ unsubscribe }] = (await audience())['told'] as [{ unsubscribe: string }];
    expect(unsubscribe).not.toContain(people['alice']!);
    const shown = await fetch(`${server.url}${unsubscribe}`);
    expect(await shown.text()).toContain('<button>');
    expect(await told()).toEqual([people['alice']]);
    const body = new URLSearchParams({ 'List-Unsubscribe': 'One-Click' });
    for (const _ of [1, 2]) expect((await fetch(`${server.url}${unsubscribe}`, { method: 'POST', body })).status).toBe(200);
    await send('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Afterwards' });
    expect(await told()).toEqual([]);
    expect((await read('alice', '/v1/people/me/preferences')).body).toMatchObject({ preferences: [{ topic: 'news', wanted: false }] });
    for (const wrong of ['/unsubscribe/x', `${unsubscribe}AAAA`, `/unsubscribe/${people['alice']}`]) {
      expect((await fetch(`${server.url}${wrong}`, { method: 'POST', body })).status).toBe(404);
    }
  });

  it('yield to an objection, which works in that very command, without purpose, and which only they take back', async () => {
    const news = { ...about, topic: 'news', toldBy: 'e-mail', wanted: true };
    await send('alice', 'POST', '/v1/people/me/preferences', news);
    expect(await told()).toEqual([people['alice']]);
    expect((await send('petra', 'POST', `/v1/people/${people['alice']}/objection`, { by: 'telephone' })).status).toBe(200);
    expect(await told()).toEqual([]);
    expect((await audience())['excluded']).toContainEqual({ person: people['alice'], reason: 'objected' });
    expect((await send('alice', 'POST', '/v1/people/me/preferences', { ...news, topic: 'events' })).status).toBe(409);
    expect((await send('petra', 'DELETE', `/v1/people/${people['alice']}/objection`)).status).toBe(403);
    expect((await send('bob', 'POST', `/v1/people/${people['alice']}/objection`, {})).status).not.toBe(200);
    expect((await send('bob', 'POST', '/v1/people/me/objection', {})).status).toBe(201);
    expect((await send('alice', 'DELETE', '/v1/people/me/objection')).status).toBe(200);
    expect(await told()).toEqual([people['alice']]);
  });

  it('are not ended for somebody else through the API', async () => {
    const path = `/v1/people/${people['alice']}/unsubscribe`;
    expect((await send('bob', 'POST', path, {})).status).not.toBe(200);
    expect((await send('petra', 'POST', path, {})).status).toBe(403);
    const line = JSON.stringify({ command: 'Unsubscribe', body: { personId: people['alice'] } });
    const headers = { 'content-type': 'application/x-ndjson' };
    const batch = await server.call('bob', 'POST', '/v1/batch', line, headers);
    expect(batch.body).toMatchObject({ line: 1, status: expect.not.stringMatching('20.') as unknown });
    expect(await told()).toEqual([people['alice']]);
  });
});
