/** One interaction from HTTP to the audit trail: a note is taken, seen by the person it is about, and accounted for. */
import { TestServer } from './server';

jest.setTimeout(60_000);

const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: ['identity', 'contact', 'conversation', 'sign-in'],
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: ['identity', 'contact', 'conversation', 'sign-in'].map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
const about = { purpose: 'customer-service', source: 'data-subject' };
const SECRET = 'Prefers a visit to the bakery in Zutphen';

describe('A note', () => {
  let server: TestServer;
  let alice: string;
  let conversation: string;

  beforeAll(async () => {
    server = await TestServer.start();
    await server.call('petra', 'POST', '/v1/purposes', PURPOSE);
    const person = await server.call('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Alice Arden' });
    alice = person.body['id'] as string;
    await server.call('petra', 'POST', `/v1/people/${alice}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: 'alice' });
    const made = await server.call('petra', 'POST', '/v1/conversations', {
      ...about,
      participants: [alice],
      medium: 'telephone',
      subject: 'Visit',
    });
    expect(made.status).toBe(201);
    conversation = made.body['id'] as string;
  });
  afterAll(() => server.close());

  it('is taken, and the same Idempotency-Key answers the same, once, also after a kill', async () => {
    const key = { 'idempotency-key': '"note-1"' };
    const path = `/v1/conversations/${conversation}/notes`;
    const first = await server.call('petra', 'POST', path, { ...about, text: SECRET }, key);
    expect(first.status).toBe(200);
    const again = await server.call('petra', 'POST', path, { ...about, text: SECRET }, key);
    expect(again.body).toEqual(first.body);
    expect((await server.call('petra', 'POST', path, { ...about, text: 'Another text' }, key)).status).toBe(422);
    await server.kill('SIGKILL');
    await server.start();
    expect((await server.call('petra', 'POST', path, { ...about, text: SECRET }, key)).body).toEqual(first.body);
  });

  it('is shown to the person it is about, with source and purpose, and who looked', async () => {
    const timeline = await server.call('petra', 'GET', `/v1/people/${alice}/timeline?purpose=customer-service`);
    expect(timeline.status).toBe(200);
    expect(JSON.stringify(timeline.body)).toContain(SECRET);
    const correction = await server.call('alice', 'PATCH', '/v1/people/me', { ...about, telephone: '+31 6 12345678' });
    const position = { 'rapport-position': correction.headers.get('rapport-position')! };
    const { body } = await server.call('alice', 'GET', '/v1/people/me/data', undefined, position);
    const values = body['values'] as { value: unknown; purpose: string; source: string }[];
    expect(values).toContainEqual(expect.objectContaining({ value: SECRET, purpose: 'customer-service', source: 'data-subject' }));
    expect(values).toContainEqual(expect.objectContaining({ field: 'telephone', value: '+31 6 12345678' }));
    const looked = await server.call('alice', 'GET', '/v1/people/me/disclosures', undefined, position);
    expect(looked.body['looks']).toContainEqual(expect.objectContaining({ question: 'ReadTimeline', purpose: 'customer-service' }));
  });

  it('is nobody else’s: an unknown record and one that is not theirs answer alike', async () => {
    const other = await server.call('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Bob' });
    const theirs = await server.call('alice', 'GET', `/v1/people/${other.body['id'] as string}/data`);
    const nobodys = await server.call('alice', 'GET', '/v1/people/0198c0de-0000-7000-8000-000000000000/data');
    expect(theirs.status).toBe(404);
    expect({ ...theirs.body, instance: '' }).toEqual({ ...nobodys.body, instance: '' });
  });

  it('is in the audit trail with the policy that allowed it, and in no log', async () => {
    const { body } = await server.call('petra', 'GET', '/v1/audit-trail');
    const note = (body['entries'] as { type: string; why: { policies: string[] } }[]).find(({ type }) => type === 'NoteTaken');
    expect(note?.why.policies.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain('Zutphen');
    expect(server.log).not.toContain('Zutphen');
  });

  it.each([
    ['an unknown field', { ...about, text: 'x', colour: 'red' }, 400, '/colour'],
    ['a missing purpose', { source: 'data-subject', text: 'x' }, 400, '/purpose'],
    ['an unknown purpose', { ...about, purpose: 'marketing', text: 'x' }, 403, '/purpose'],
    ['null', { ...about, text: null }, 400, '/text'],
    ['a NUL', { ...about, text: 'a\u0000b' }, 400, '/text'],
  ])('refuses %s and names the field', async (_, body, status, pointer) => {
    const answer = await server.call('petra', 'POST', `/v1/conversations/${conversation}/notes`, body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(pointer);
  });

  it('needs a token', async () => {
    expect((await server.call(undefined, 'GET', '/v1/people/me/data')).status).toBe(401);
  });
});
