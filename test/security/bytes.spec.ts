/**
 * No readable personal value in any byte on disk or in any log, while the server runs and after; and once a person is
 * erased, no byte of their keys. Two hundred values go in by every command that takes personal ones, come out by every
 * question, and are sent where they do not belong.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { dataCategories, declarations } from '@rapport/domain';
import { eventsFile, openEmbeddedEventStore } from '@rapport/event-store';
import { ERASED, isSealed } from '@rapport/kernel/events';
import { loadKeyRing, Vault } from '@rapport/vault';
import { routes } from '../../apps/server/src/resources';
import { TestServer, type Answer } from '../http/server';
import { filesOf, Needles } from './scan';

jest.setTimeout(120_000);

const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: dataCategories,
  subjects: ['customer-contact', 'colleague'],
  basis: 'contract',
  retention: dataCategories.map((category) => ({ category, keep: 'P2Y', from: 'last-contact' })),
};
const about = { purpose: 'customer-service', source: 'data-subject', channel: 'telephone' };
const FOR = 'purpose=customer-service';

/** Makes values that stand nowhere else, and remembers them by whose they are. */
class Values {
  readonly made = new Map<string, string>();
  private readonly kinds = [
    'Hildegard Quastenflößer',
    'Łukasz Żółwiński',
    'Straße am Übergang',
    '東京都港区 平',
    'Ανδρέας',
    'O’Malley, 🦊',
  ];

  private keep(owner: string, value: string): string {
    this.made.set(value, owner);
    return value;
  }
  text(owner: string): string {
    const n = this.made.size;
    return this.keep(owner, `${this.kinds[n % this.kinds.length]} ${(n * 7919 + 104_729).toString(36)} gegen`);
  }
  lines(owner: string): string {
    return this.keep(owner, `${this.text(owner)}\n\t2e étage, bus ${this.made.size}\n7201 AA Zutphen`);
  }
  email(owner: string): string {
    return this.keep(owner, `wilhelmina.${this.made.size}.van-der-sloot@bäckerei-${this.made.size}.example`);
  }
  telephone(owner: string): string {
    return this.keep(owner, `+31 6 ${String(5_550_000 + this.made.size * 7)} 12`);
  }
  slug(owner: string): string {
    return this.keep(owner, `quastenfloesser-${this.made.size}-gegen`);
  }
  number(owner: string): string {
    return this.keep(owner, `INC${String(77_301_000 + this.made.size * 13)}`);
  }
  of(owner: string): Set<string> {
    return new Set([...this.made].filter(([, whose]) => whose === owner).map(([value]) => value));
  }
}

describe('Every byte', () => {
  const values = new Values();
  const asked = new Set<string>();
  let server: TestServer;
  let seen: string;
  let needles: Needles | undefined;
  const people: { [name: string]: string } = {};

  const send = async (person: string, method: string, path: string, body: object): Promise<string> => {
    const answer = await server.call(person, method, path, body);
    expect({ path, refused: answer.status < 300 ? undefined : answer.body }).toEqual({ path });
    seen = answer.headers.get('rapport-position') ?? seen;
    return answer.body['id'] as string;
  };
  /** Asks by a route as it is declared, and shows everything sent before. */
  const ask = async (person: string, route: string, path: string): Promise<Answer['body']> => {
    const answer = await server.call(person, 'GET', path, undefined, { 'rapport-position': seen });
    expect({ path, refused: answer.status === 200 ? undefined : answer.body }).toEqual({ path });
    asked.add(route);
    return answer.body;
  };
  const askEverything = async () => ({
    data: await ask('alice', 'people/:personId/data', '/v1/people/me/data'),
    looks: await ask('alice', 'people/:personId/disclosures', '/v1/people/me/disclosures'),
    calls: await ask('alice', 'people/:personId/calls', '/v1/people/me/calls'),
  });
  const askStaff = async () => ({
    alice: await ask('sam', 'people/:personId/timeline', `/v1/people/${people['alice']}/timeline?${FOR}`),
    bob: await ask('sam', 'people/:personId/timeline', `/v1/people/${people['bob']}/timeline?${FOR}`),
    call: await ask('sam', 'calls/:callId', `/v1/calls/${people['call']}?${FOR}`),
    organization: await ask('petra', 'organizations/:organizationId', `/v1/organizations/${people['bakery']}?${FOR}`),
    decides: await ask(
      'petra',
      'organizations/:organizationId/authorized-persons',
      `/v1/organizations/${people['bakery']}/authorized-persons?${FOR}`,
    ),
    calls: await ask('sam', 'organizations/:organizationId/calls', `/v1/organizations/${people['bakery']}/calls?${FOR}`),
    services: await ask('petra', 'organizations/:organizationId/services', `/v1/organizations/${people['bakery']}/services?${FOR}`),
    preferences: await ask('petra', 'people/:personId/preferences', `/v1/people/${people['alice']}/preferences?${FOR}`),
    audience: await ask('petra', 'audience', `/v1/audience?topic=news&channel=e-mail&${FOR}`),
    counted: await ask('petra', 'audience/count', '/v1/audience/count?topic=news&channel=e-mail'),
    goals: await ask('petra', 'goals', '/v1/goals'),
    trail: await ask('petra', 'audit-trail', '/v1/audit-trail?limit=500'),
  });
  const scan = () => {
    needles ??= Needles.texts(values.made.keys());
    return [...needles.findInFolder(server.folder), ...needles.find(Buffer.from(server.log), 'log')];
  };

  beforeAll(async () => {
    server = await TestServer.start();
    await send('petra', 'POST', '/v1/purposes', PURPOSE);
  });
  afterAll(() => server.close());

  it('takes values by every command that stores them', async () => {
    const person = async (name: string, more: object = {}) => {
      const details = { name: values.text(name), email: values.email(name), telephone: values.telephone(name) };
      const rest = { address: values.lines(name), jobTitle: values.text(name), ...more };
      people[name] = await send('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', ...details, ...rest });
    };
    const number = values.number('alice');
    // One of a few words, and a tag of a language: nothing to scan for.
    const reached = { preferredChannel: 'telephone', language: 'de-CH' };
    await person('alice', { externalSystem: 'desk', externalNumber: number, ...reached });
    await person('bob', { externalSystem: 'crm', externalNumber: values.number('bob') });
    for (const name of ['sam', 'carol', 'dave', 'eve', 'frank']) await person(name);
    const path = `/v1/people/${people['alice']}`;
    for (const name of ['alice', 'sam'])
      await send('petra', 'POST', `/v1/people/${people[name]}/sign-ins`, { ...about, issuer: `${server.url}/identity`, subject: name });
    await send('petra', 'POST', `/v1/people/${people['carol']}/sign-ins`, {
      ...about,
      issuer: `https://${values.number('carol')}.example`,
      subject: values.text('carol'),
    });
    await send('petra', 'POST', `/v1/staff/${people['sam']}/roles`, { role: 'support' });
    const day = (later: number) => new Date(Date.now() + later * 86_400_000).toISOString().slice(0, 10);
    await send('petra', 'POST', `/v1/staff/${people['sam']}/trainings`, { completedOn: day(-1), validUntil: day(300) });

    for (let n = 0; n < 8; n++) {
      const details = { name: values.text('alice'), email: values.email('alice'), telephone: values.telephone('alice') };
      await send('alice', 'PATCH', '/v1/people/me', {
        ...about,
        ...details,
        address: values.lines('alice'),
        jobTitle: values.text('alice'),
        preferredChannel: n % 2 === 0 ? 'e-mail' : 'telephone',
        language: n % 2 === 0 ? 'nl' : 'de-CH',
      });
    }
    await send('petra', 'POST', `${path}/contact-points`, {
      ...about,
      kind: 'telephone',
      value: values.telephone('alice'),
      label: values.text('alice'),
    });
    people['bakery'] = await send('petra', 'POST', '/v1/organizations', {
      ...about,
      relationship: 'customer',
      name: values.text('bakery'),
      externalSystem: 'crm',
      externalNumber: values.number('bakery'),
    });
    await send('petra', 'PUT', `/v1/organizations/${people['bakery']}/name`, { ...about, name: values.text('bakery') });
    const point = { kind: 'visiting-address', value: values.lines('bakery'), label: values.text('bakery') };
    await send('petra', 'POST', `/v1/organizations/${people['bakery']}/contact-points`, { ...about, ...point });
    await send('petra', 'PUT', `${path}/organizations/${people['bakery']}`, { ...about, role: values.text('alice') });

    const join = { ...about, kinds: ['services'], person: people['alice'], evidence: values.lines('alice') };
    await send('petra', 'POST', `/v1/organizations/${people['bakery']}/authorized-persons`, join);
    await send('petra', 'POST', `/v1/interests/${people['alice']}`, { ...about, topic: values.slug('alice'), medium: 'meeting' });
    const wanted = { ...about, topic: values.slug('alice'), toldBy: 'e-mail', wanted: true };
    await send('alice', 'POST', '/v1/people/me/preferences', wanted);
    const agreed = () => ({ contract: values.text('bakery'), goals: [values.slug('bakery')], situation: values.lines('bakery') });
    const service = { ...about, organization: people['bakery'], service: values.slug('bakery') };
    const agreement = await send('petra', 'POST', '/v1/services-agreed', { ...service, since: '2020-02-29', ...agreed() });
    await send('petra', 'PUT', `/v1/services-agreed/${agreement}/description`, { ...about, ...agreed() });
    const proposal = { ...about, organization: people['bakery'], service: values.slug('bakery'), from: '2199-12-31' };
    await send('alice', 'POST', '/v1/service-proposals', { ...proposal, explanation: values.lines('bakery') });

    // One participant: theirs. Several: the conversation's own.
    for (const [owner, participants] of [
      ['alice', [people['alice']]],
      ['both', [people['alice'], people['bob']]],
      ['bob', [people['bob']]],
    ] as const) {
      const followUp = () => ({ followUpDue: '2199-12-31', followUp: values.text(owner) });
      const first = { subject: values.text(owner), note: values.lines(owner), ...followUp() };
      const id = await send('sam', 'POST', '/v1/conversations', { ...about, participants, medium: 'telephone', ...first });
      for (let n = 0; n < 8; n++)
        await send('sam', 'POST', `/v1/conversations/${id}/notes`, { ...about, text: values.lines(owner), ...followUp() });
      const timeline = await ask('sam', 'people/:personId/timeline', `/v1/people/${participants[0]}/timeline?${FOR}`);
      const entries = timeline['entries'] as { type: string; record: string; details: { noteId: string } }[];
      const note = entries.find((entry) => entry.type === 'NoteTaken' && entry.record === `conversation-${id}`)!;
      await send('sam', 'PUT', `/v1/conversations/${id}/notes/${note.details.noteId}`, { ...about, text: values.lines(owner) });
    }

    people['call'] = await send('sam', 'POST', '/v1/calls', {
      ...about,
      caller: people['alice'],
      medium: 'telephone',
      subject: values.text('alice'),
      description: values.lines('alice'),
    });
    const call = `/v1/calls/${people['call']}`;
    for (const direction of ['to-caller', 'internal'] as const)
      await send('sam', 'POST', `${call}/communications`, { ...about, direction, text: values.lines('alice') });
    await send('alice', 'POST', `${call}/communications`, { ...about, direction: 'from-caller', text: values.lines('alice') });
    await send('sam', 'POST', `${call}/resolution`, { ...about, resolution: values.lines('alice') });
    await send('sam', 'POST', `${call}/reopening`, { ...about, reason: values.lines('alice') });
    await send('sam', 'POST', `${call}/resolution`, { ...about, resolution: values.lines('alice') });
    await send('alice', 'POST', `${call}/feedback`, { ...about, score: 4, comment: values.lines('alice') });

    await send('petra', 'POST', '/v1/services', {
      name: 'desk',
      issuer: `${server.url}/identity`,
      client: 'crm',
      purposes: [PURPOSE.slug],
    });
    const headers = { authorization: `Bearer ${await server.serviceToken('crm')}` };
    const row = {
      ...about,
      source: 'import',
      occurredAt: '2020-02-03T04:05:06Z',
      system: 'desk',
      counter: 1,
      status: 'active',
      caller: number,
    };
    const terms = [
      'category',
      'subcategory',
      'symptom',
      'configurationItem',
      'impact',
      'urgency',
      'priority',
      'group',
      'problem',
      'change',
      'location',
    ];
    const imported = { ...row, number: values.number('alice'), ...Object.fromEntries(terms.map((term) => [term, values.text('alice')])) };
    const answer = await server.call(undefined, 'POST', '/v1/call-history', imported, headers);
    expect(answer).toMatchObject({ status: 201 });
    const line = {
      command: 'AddPerson',
      body: { ...about, relationship: 'customer', name: values.text('grace'), address: values.lines('grace') },
    };
    const batch = await fetch(`${server.url}/v1/batch`, {
      method: 'POST',
      body: JSON.stringify(line),
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
    });
    expect(JSON.parse(await batch.text())).toMatchObject({ status: 201 });
    expect(values.made.size).toBeGreaterThanOrEqual(200);
  });

  it('has had a value in every sealed field there is', async () => {
    const store = await openEmbeddedEventStore({ file: eventsFile(server.dataDir), readOnly: true });
    const written = new Set<string>();
    for (const { type, data } of await store.readAll())
      for (const [field, value] of Object.entries(data)) if (isSealed(value)) written.add(`${type}.${field}`);
    await store.close();
    const declared = declarations.flatMap(({ type, fields }) =>
      Object.entries(fields).flatMap(([field, { kind }]) => (kind === 'sealed' ? [`${type}.${field}`] : [])),
    );
    // A field that is missing here is to be written by a command of the test above.
    expect([...written].sort()).toEqual(declared.sort());
  });

  it('gives them back by every question', async () => {
    const shown = JSON.stringify([await askEverything(), await askStaff()]);
    for (const owner of ['alice', 'both'])
      for (const value of values.of(owner)) expect(shown).toContain(JSON.stringify(value).slice(1, -1));
    const questions = Object.values(routes).flatMap((resource) => resource.filter(({ question }) => question !== undefined));
    // A question that is missing here is to be asked above.
    expect([...asked].sort()).toEqual(questions.map(({ path }) => path).sort());
  });

  it('is sent values where they do not belong, and answers with what is wrong', async () => {
    const value = values.text('nobody');
    const inPath = encodeURIComponent(value);
    const path = `/v1/people/${people['bob']}`;
    const token = await server.token('petra');
    const raw = async (method: string, to: string, headers: Record<string, string>, body?: string | Buffer) => {
      const answer = await fetch(`${server.url}${to}`, { method, body: body as string, headers, redirect: 'manual' });
      await answer.text();
      return answer.status;
    };
    const json = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const refused: [number, Promise<number>][] = [];
    const expectStatus = (status: number, answer: Promise<number>) => refused.push([status, answer]);
    const body = (fields: object) => JSON.stringify({ ...about, ...fields });

    expectStatus(400, raw('PATCH', path, json, body({ [value]: 1 })));
    expectStatus(400, raw('PATCH', path, json, body({ email: value, telephone: value, remove: [value] })));
    expectStatus(400, raw('PATCH', path, json, body({ name: value.repeat(100) })));
    expectStatus(400, raw('PATCH', path, json, body({ purpose: value, source: value, occurredAt: value })));
    expectStatus(403, raw('PATCH', path, json, body({ purpose: 'no-such-purpose', name: value })));
    expectStatus(400, raw('PATCH', path, json, `{"name": "${value}"`));
    expectStatus(400, raw('PATCH', path, json, `{"name": "${value}\u0000"}`));
    expectStatus(400, raw('PATCH', path, json, Buffer.concat([Buffer.from(`{"name": "${value}`), Buffer.from([0xff, 0xfe, 0x22, 0x7d])])));
    expectStatus(413, raw('PATCH', path, json, body({ name: `${value}${'x'.repeat(2 << 20)}` })));
    expectStatus(412, raw('PATCH', path, { ...json, 'if-match': '"999"' }, body({ name: value })));
    expectStatus(400, raw('PATCH', path, { ...json, 'if-match': inPath }, body({ name: value })));
    expectStatus(400, raw('PATCH', path, { ...json, 'idempotency-key': `${inPath} ${inPath}` }, body({ name: value })));
    expectStatus(415, raw('PATCH', path, { ...json, 'content-type': `text/${inPath}` }, value));
    expectStatus(400, raw('PATCH', `/v1/people/${inPath}`, json, body({ name: value })));
    expectStatus(404, raw('GET', `/v1/${inPath}?${inPath}=${inPath}`, json));
    expectStatus(405, raw('DELETE', `/v1/people/${inPath}`, { authorization: json.authorization }));
    expectStatus(400, raw('GET', `${path}/timeline?purpose=${inPath}&${inPath}=1`, json));
    expectStatus(400, raw('GET', `/v1/audit-trail?limit=${inPath}`, json));
    expectStatus(401, raw('GET', `${path}/timeline`, { authorization: `Bearer ${inPath}` }));
    expectStatus(
      409,
      raw(
        'POST',
        '/v1/people',
        json,
        body({
          relationship: 'customer',
          name: value,
          externalSystem: 'crm',
          externalNumber: [...values.of('bob')].find((each) => each.startsWith('INC')),
        }),
      ),
    );
    expectStatus(422, raw('POST', '/v1/people', json, body({ relationship: 'customer', name: value, externalNumber: value })));
    expectStatus(200, raw('PATCH', path, { ...json, 'idempotency-key': 'again' }, body({ jobTitle: values.text('bob') })));
    expect(await Promise.all(refused.map(([, answer]) => answer))).toEqual(refused.map(([status]) => status));
    expect(await raw('PATCH', path, { ...json, 'idempotency-key': 'again' }, body({ jobTitle: value }))).toBe(422);

    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const [method, to, given] of [
      ['POST', '/identity/token', `grant_type=urn:rapport:demo-person&client_id=demo&person=${inPath}`],
      ['POST', '/identity/token', `grant_type=client_credentials&client_id=${inPath}&client_secret=${inPath}`],
      ['GET', `/identity/auth?client_id=${inPath}&login_hint=${inPath}&redirect_uri=${inPath}`, undefined],
      ['GET', `/identity/${inPath}`, undefined],
      ['GET', `/problems/${inPath}`, undefined],
    ] as const) {
      const status = await raw(method, to, given === undefined ? {} : form, given);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    const line = (fields: object) => JSON.stringify({ command: 'CorrectDetails', body: fields });
    const ndjson = { ...json, 'content-type': 'application/x-ndjson' };
    expect(await raw('POST', '/v1/batch', ndjson, [line({ [value]: value }), value, `{"command":"${value}"}`].join('\n'))).toBe(200);
  });

  it('holds none of them while the server runs', async () => {
    // What the scan would find in the very same place: an id, which is plain.
    const control = Needles.texts([people['alice']!]).findInFolder(server.dataDir);
    expect(new Set(control.map(({ where }) => where.replace('-wal', '')))).toEqual(new Set(['events.db', 'vault.db', 'read.db']));
    expect(server.log.length).toBeGreaterThan(0);
    expect(scan()).toEqual([]);
  });

  it('holds none of them after a kill, nor after it was stopped', async () => {
    await server.kill('SIGKILL');
    expect(filesOf(server.dataDir).some((file) => file.endsWith('-wal'))).toBe(true);
    expect(scan()).toEqual([]);
    await server.start();
    await askStaff();
    expect(await server.kill()).toBe(0);
    expect(scan()).toEqual([]);
  });

  it('holds nothing of the keys of whoever was erased, and every answer is as before without what was theirs', async () => {
    await server.start();
    const before = { hers: await askEverything(), staff: await askStaff() };
    expect(await server.kill()).toBe(0);

    const file = join(server.dataDir, 'vault.db');
    const alice = people['alice']!;
    const db = new DatabaseSync(file);
    const bytes = (sql: string) => (db.prepare(sql).all(alice) as { bytes: Uint8Array }[]).map((row) => row.bytes);
    const material = [
      ...bytes('SELECT wrapped AS bytes FROM owner_key WHERE owner = ?'),
      ...bytes('SELECT bytes FROM secret JOIN owner ON owner.n = secret.owner WHERE owner.id = ?'),
    ];
    db.close();
    expect(material.length).toBeGreaterThan(50);
    const needles = Needles.bytes(material);
    const found = () => needles.findInFolder(server.folder).map(({ value, where }) => `${where}: ${value}`);
    expect(new Set(found()).size).toBe(material.length); // Each of them is in the vault, and nowhere else.

    const config = join(server.folder, 'config', 'rapport');
    const keyFile = join(
      config,
      readdirSync(config).find((name) => name.endsWith('.key'))!,
    );
    const vault = new Vault({ file, keys: loadKeyRing(keyFile), clock: () => new Date() });
    expect(vault.unswept).toBeUndefined();
    vault.fence(alice);
    vault.destroyOwner(alice, '00000000-0000-8000-8000-0000000000ff');
    expect(found()).toEqual([]);
    vault.close();
    expect(found()).toEqual([]);

    await server.start();
    const after = await askStaff();
    const hers = values.of('alice');
    const without = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(without);
      if (typeof value === 'string') return hers.has(value) ? ERASED : value;
      if (typeof value !== 'object' || value === null) return value;
      if (isValue(value, hers)) return ERASED;
      // Too common to be scanned for; nobody else has one here.
      const isHers = (name: string) => name === 'language' || name === 'preferredChannel';
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, isHers(name) ? ERASED : without(member)]));
    };
    const account = JSON.stringify({ issuer: `${server.url}/identity`, subject: 'alice' });
    const expected = (answer: unknown) =>
      JSON.parse(JSON.stringify(without(answer)).replaceAll(account, JSON.stringify(ERASED))) as unknown;
    for (const question of ['alice', 'bob', 'call', 'organization', 'decides', 'calls', 'services', 'goals'] as const) {
      expect(JSON.stringify(before.staff[question])).not.toContain('"erased":true');
      expect(after[question]).toEqual(expected(before.staff[question]));
    }
    expect(JSON.stringify(after.alice)).toContain('"erased":true');
    for (const value of values.of('both')) expect(JSON.stringify(after.alice)).toContain(JSON.stringify(value).slice(1, -1));
    // The trail only goes on.
    const entries = (answer: Answer['body']) => answer['entries'] as { event: string }[];
    const known = entries(before.staff.trail);
    expect(entries(after.trail).filter(({ event }) => known.some((entry) => entry.event === event))).toEqual(known);
    // Whoever was erased does not sign in any more.
    expect((await server.call('alice', 'GET', '/v1/people/me/data')).status).toBe(403);
    await server.kill('SIGKILL');
    expect(found()).toEqual([]);
    expect(scan()).toEqual([]);
  });
});

/** Whether an object is one value, sealed as a whole: a number with its system, the terms of a call. */
function isValue(value: object, hers: ReadonlySet<string>): boolean {
  const { system: _, ...members } = value as { [name: string]: unknown };
  return Object.values(members).every((member) => typeof member === 'string' && hers.has(member));
}
