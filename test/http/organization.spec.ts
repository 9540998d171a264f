/** An organization over HTTP: kept by staff, seen by its contact persons, by nobody else. */
import { TestServer } from './server';

jest.setTimeout(60_000);

const categories = ['identity', 'contact', 'employment', 'support', 'sign-in'];
const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories,
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: categories.map((category) => ({ category, keep: 'P2Y', from: 'end-of-relationship' })),
};
const about = { purpose: 'customer-service', source: 'data-subject' };
const NOBODY = '0198c0de-0000-7000-8000-000000000000';

describe('An organization', () => {
  let server: TestServer;
  let bakery: string;
  let alice: string;

  const add = async (path: string, body: object): Promise<string> => {
    const { status, body: answer } = await server.call('petra', 'POST', path, body);
    expect({ status, answer }).toMatchObject({ status: 201 });
    return answer['id'] as string;
  };
  /** Reads as somebody who has seen everything up to their own last command. */
  const read = async (person: string, path: string) => {
    const { headers } = await server.call('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Somebody' });
    return server.call(person, 'GET', path, undefined, { 'rapport-position': headers.get('rapport-position')! });
  };

  beforeAll(async () => {
    server = await TestServer.start();
    await server.call('petra', 'POST', '/v1/purposes', PURPOSE);
    bakery = await add('/v1/organizations', { ...about, relationship: 'customer', name: 'Bakery Arden', since: '2020-02-29' });
    alice = await add('/v1/people', { ...about, relationship: 'customer', name: 'Alice Arden' });
    await server.call('petra', 'POST', `/v1/people/${alice}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: 'alice' });
  });
  afterAll(() => server.close());

  it('has addresses, contact persons and parts, and its contact person sees them', async () => {
    const part = await add('/v1/organizations', { ...about, relationship: 'customer', name: 'Mill Arden', parent: bakery });
    await server.call('petra', 'POST', `/v1/organizations/${bakery}/contact-points`, {
      ...about,
      kind: 'visiting-address',
      value: 'Broodsteeg 1\n7201 AA Zutphen',
      label: 'shop',
    });
    expect((await read('alice', `/v1/organizations/${bakery}`)).status).toBe(404);
    const joined = await server.call('petra', 'PUT', `/v1/people/${alice}/organizations/${bakery}`, { ...about, role: 'Owner' });
    expect(joined.status).toBe(200);
    const { status, body } = await read('alice', `/v1/organizations/${bakery}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'Bakery Arden',
      archived: false,
      relationships: [{ kind: 'customer', since: '2020-02-29' }],
      contactPoints: [{ kind: 'visiting-address', value: 'Broodsteeg 1\n7201 AA Zutphen', label: 'shop' }],
      parts: [{ id: part, name: 'Mill Arden' }],
      contactPersons: [{ id: alice, name: 'Alice Arden', role: 'Owner' }],
    });
    expect((await read('alice', `/v1/organizations/${part}`)).status).toBe(404);
  });

  it('is shown to staff for a purpose, and whose data was shown can see that', async () => {
    expect((await read('petra', `/v1/organizations/${bakery}`)).status).toBe(403);
    expect((await read('petra', `/v1/organizations/${bakery}?purpose=customer-service`)).status).toBe(200);
    const { body } = await read('alice', '/v1/people/me/disclosures');
    expect(body['looks']).toContainEqual(expect.objectContaining({ question: 'ReadOrganization', purpose: 'customer-service' }));
  });

  it('is no part of itself, nor of its parts', async () => {
    const part = await add('/v1/organizations', { ...about, relationship: 'customer', name: 'Shop', parent: bakery });
    for (const parent of [bakery, part]) {
      const { status, body } = await server.call('petra', 'PUT', `/v1/organizations/${bakery}/parent`, { parent });
      expect({ status, type: body['type'] }).toEqual({ status: 422, type: '/problems/parent-circular' });
    }
  });

  it('is archived with its last relationship, and nobody joins it then', async () => {
    const shop = await add('/v1/organizations', { ...about, relationship: 'sponsor', name: 'Shop' });
    await server.call('petra', 'POST', `/v1/organizations/${shop}/relationships`, { relationship: 'customer' });
    await server.call('petra', 'POST', `/v1/organizations/${shop}/relationships/sponsor/end`, {});
    expect((await read('petra', `/v1/organizations/${shop}?purpose=customer-service`)).body).toMatchObject({ archived: false });
    await server.call('petra', 'POST', `/v1/organizations/${shop}/relationships/customer/end`, {});
    expect((await read('petra', `/v1/organizations/${shop}?purpose=customer-service`)).body).toMatchObject({ archived: true });
    const refused = await server.call('petra', 'PUT', `/v1/people/${alice}/organizations/${shop}`, about);
    expect({ status: refused.status, type: refused.body['type'] }).toEqual({ status: 409, type: '/problems/organization-archived' });
  });

  it('loses sight of who left, and they of it', async () => {
    expect((await server.call('petra', 'POST', `/v1/people/${alice}/organizations/${bakery}/leave`, {})).status).toBe(200);
    expect((await read('alice', `/v1/organizations/${bakery}`)).status).toBe(404);
    const { body } = await read('petra', `/v1/organizations/${bakery}?purpose=customer-service`);
    expect(body['contactPersons']).toEqual([]);
  });

  it.each([
    ['an unknown relationship', { ...about, relationship: 'friend', name: 'X' }, 400, '/relationship'],
    ['an unknown parent', { ...about, relationship: 'customer', name: 'X', parent: NOBODY }, 422, '/parent'],
    ['half a number', { ...about, relationship: 'customer', name: 'X', externalSystem: 'crm' }, 422, '/externalNumber'],
  ])('refuses %s and names the field', async (_, body, status, pointer) => {
    const answer = await server.call('petra', 'POST', '/v1/organizations', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(pointer);
  });
});
