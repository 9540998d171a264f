/** Services, who decides about them, and calls of an organization: by staff, by its contact persons, by nobody else. */
import { TestServer } from './server';

jest.setTimeout(180_000);

const categories = ['identity', 'contact', 'employment', 'support', 'services', 'interests', 'authorization', 'sign-in'];
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
const DAY = 86_400_000;
const day = (offset: number) => new Date(Date.now() + offset * DAY).toISOString().slice(0, 10);

describe('An organization', () => {
  let server: TestServer;
  let bakery: string;
  let alice: string;
  let bob: string;
  /** Of the last command: who reads with it sees its effect. */
  let position: Record<string, string> = {};

  const send = async (who: string, method: string, path: string, body?: object) => {
    const answer = await server.call(who, method, path, body);
    const moved = answer.headers.get('rapport-position');
    if (moved !== null) position = { 'rapport-position': moved };
    return answer;
  };
  const add = async (who: string, path: string, body: object): Promise<string> => {
    const { status, body: answer } = await send(who, 'POST', path, body);
    expect({ status, answer }).toMatchObject({ status: 201 });
    return answer['id'] as string;
  };
  const read = (who: string, path: string) => server.call(who, 'GET', path, undefined, position);

  beforeAll(async () => {
    server = await TestServer.start();
    await send('petra', 'POST', '/v1/purposes', PURPOSE);
    bakery = await add('petra', '/v1/organizations', { ...about, relationship: 'customer', name: 'Bakery Arden' });
    alice = await add('petra', '/v1/people', { ...about, relationship: 'customer', name: 'Alice Arden' });
    bob = await add('petra', '/v1/people', { ...about, relationship: 'customer', name: 'Bob Bergman' });
    for (const [id, subject] of [
      [alice, 'alice'],
      [bob, 'bob'],
    ] as const) {
      await send('petra', 'PUT', `/v1/people/${id}/organizations/${bakery}`, about);
      await send('petra', 'POST', `/v1/people/${id}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject });
    }
  });
  afterAll(() => server.close());

  it('has services, which its contact persons see until the organization says otherwise', async () => {
    const agreement = await add('petra', '/v1/services-agreed', {
      ...about,
      organization: bakery,
      service: 'hosting',
      since: '2024-02-29',
      contract: 'C-17 of Alice Arden',
      goals: ['save-costs'],
      situation: 'Two shops',
    });
    const { body } = await read('alice', `/v1/organizations/${bakery}/services`);
    expect(body).toEqual({
      services: [
        {
          id: agreement,
          service: 'hosting',
          status: 'agreed',
          since: '2024-02-29',
          contract: 'C-17 of Alice Arden',
          goals: ['save-costs'],
          situation: 'Two shops',
        },
      ],
      proposals: [],
    });
    expect((await read('petra', `/v1/organizations/${bakery}/services`)).status).toBe(403);
    expect((await read('petra', `/v1/organizations/${bakery}/services?purpose=customer-service`)).status).toBe(200);
    await send('petra', 'PUT', `/v1/organizations/${bakery}/visibility`, { contactPersons: true, services: false, calls: false });
    expect((await read('alice', `/v1/organizations/${bakery}/services`)).status).toBe(404);
    await send('petra', 'PUT', `/v1/organizations/${bakery}/visibility`, { contactPersons: true, services: true, calls: false });
  });

  it('gets a change of services proposed, not made, and withdrawn by who proposed it only', async () => {
    const proposed = await send('alice', 'POST', '/v1/service-proposals', {
      ...about,
      organization: bakery,
      service: 'backup',
      from: day(7),
      explanation: 'The second shop opens',
    });
    expect(proposed.status).toBe(201);
    const { body } = await read('bob', `/v1/organizations/${bakery}/services`);
    expect(body['services']).toHaveLength(1);
    const [proposal] = body['proposals'] as { id: string; agreement: string }[];
    expect(proposal).toMatchObject({ change: 'begin', service: 'backup', proposedBy: alice, explanation: 'The second shop opens' });
    const path = `/v1/services-agreed/${proposal!.agreement}/proposals/${proposal!.id}`;
    expect((await send('bob', 'DELETE', path)).status).toBe(404);
    expect((await send('alice', 'DELETE', path)).status).toBe(200);
    expect((await read('bob', `/v1/organizations/${bakery}/services`)).body['proposals']).toEqual([]);
  });

  it('says who decides for it; each contact person sees that, and who decides lets another', async () => {
    const appoint = { ...about, person: alice, kinds: ['services', 'organization-data'], evidence: 'Letter of 1 March' };
    const path = `/v1/organizations/${bakery}/authorized-persons`;
    expect((await send('alice', 'POST', path, appoint)).status).toBe(403);
    expect((await send('petra', 'POST', path, appoint)).status).toBe(201);
    const again = await send('petra', 'POST', path, appoint);
    const { body } = await read('bob', path);
    const [appointment] = body['appointments'] as { id: string }[];
    expect(again).toMatchObject({ status: 409, body: { type: '/problems/appointment-overlaps', appointment: appointment!.id } });
    expect(appointment).toMatchObject({
      name: 'Alice Arden',
      kinds: ['services', 'organization-data'],
      since: day(0),
      recordedBy: 'staff',
    });

    const delegate = { person: bob, kinds: ['services'], until: day(14) };
    expect((await send('bob', 'POST', `${path}/${appointment!.id}/delegations`, delegate)).status).not.toBe(200);
    expect((await send('alice', 'POST', `${path}/${appointment!.id}/delegations`, delegate)).status).toBe(200);
    expect((await read('alice', path)).body['appointments']).toContainEqual(
      expect.objectContaining({ name: 'Bob Bergman', kinds: ['services'], delegatedFrom: appointment!.id }),
    );
  });

  it('lets who decides about its data set what the others see, and nobody else', async () => {
    const wanted = { contactPersons: true, services: true, calls: true };
    const path = `/v1/organizations/${bakery}/visibility`;
    expect((await send('bob', 'PUT', path, wanted)).status).toBe(404);
    expect((await send('alice', 'PUT', path, wanted)).status).toBe(200);
    const call = await add('alice', '/v1/calls', { ...about, caller: alice, organization: bakery, medium: 'portal', subject: 'Oven' });
    expect((await read('bob', `/v1/organizations/${bakery}/calls`)).body['calls']).toMatchObject([{ id: call, subject: 'Oven' }]);
    expect((await read('bob', `/v1/calls/${call}`)).status).toBe(200);
    await send('alice', 'PUT', path, { ...wanted, calls: false });
    expect((await read('bob', `/v1/organizations/${bakery}/calls`)).status).toBe(404);
    expect((await read('bob', `/v1/calls/${call}`)).status).toBe(404);
  });

  it('has an authority that ends with the membership of who holds it', async () => {
    await send('petra', 'POST', `/v1/people/${alice}/organizations/${bakery}/leave`, {});
    expect((await read('bob', `/v1/organizations/${bakery}/authorized-persons`)).body['appointments']).toEqual([]);
    expect((await read('alice', `/v1/organizations/${bakery}/services`)).status).toBe(404);
  });

  it('shows goals and interests together, from five on', async () => {
    const show = async (topic: string, people: number) => {
      for (let n = 0; n < people; n++) {
        const id = await add('petra', '/v1/people', { ...about, relationship: 'interested-party', name: `Somebody ${topic} ${n}` });
        await send('petra', 'POST', `/v1/interests/${id}`, { ...about, topic, medium: 'meeting' });
      }
    };
    await show('energy', 6);
    await show('heat', 4);
    const { body } = await read('petra', '/v1/goals');
    expect(body).toEqual({ goals: [], interests: [{ term: 'energy', atLeast: 5 }] });
    expect((await read('bob', '/v1/goals')).status).toBe(404);
  });
});
