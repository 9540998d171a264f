/** The first start, as the README promises it: somebody to be, something to see, and a command that works as printed. */
import { execFileSync } from 'node:child_process';
import { TestServer } from './server';

jest.setTimeout(60_000);

const DEVELOPMENT = { NODE_ENV: 'development' };
type Entries = { readonly entries: readonly { readonly type: string }[] };

describe('The first start', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start(DEVELOPMENT);
    // It is printed once the server is ready, which is what `start` waits for.
    while (!server.log.includes('Start with an empty store')) await new Promise((resolve) => setTimeout(resolve, 20));
  });
  afterAll(() => server.close());

  const idOf = (who: string) => new RegExp(`^ +${who} .* ([0-9a-f-]{36})$`, 'm').exec(server.log)![1]!;
  const get = (who: string, path: string) => server.call(who, 'GET', path);

  it('prints where it is, who can be somebody, and a command for the shell that works as it is printed', async () => {
    expect(server.log).toContain(`Rapport is at ${server.url}`);
    for (const who of ['alice', 'bob', 'sam', 'carla', 'petra', 'audrey']) expect(idOf(who)).toBeTruthy();
    const [command] = /^ +curl .*$/m.exec(server.log)!;
    const { values } = JSON.parse(execFileSync('sh', ['-c', command], { encoding: 'utf8' })) as { values: { value: unknown }[] };
    expect(values.map(({ value }) => value)).toContain('Alice Arden');
  });

  it('lets Alice see her data, her calls with what was said, and that somebody looked', async () => {
    expect((await get('alice', '/v1/people/me/data')).body['values']).toContainEqual(
      expect.objectContaining({ field: 'telephone', value: '+31 575 555 0101', current: false }),
    );
    const calls = (await get('alice', '/v1/people/me/calls')).body['calls'] as { id: string; status: string }[];
    expect(calls.map(({ status }) => status).sort()).toEqual(['awaiting-caller', 'closed']);
    const closed = await get('alice', `/v1/calls/${calls.find(({ status }) => status === 'closed')!.id}`);
    expect(JSON.stringify(closed.body)).toContain('Removed the second printer');
    expect((await get('alice', '/v1/people/me/disclosures')).body['looks']).toEqual([
      expect.objectContaining({ question: 'ReadTimeline', roles: ['support'], purpose: 'customer-service' }),
    ]);
  });

  it('lets Bob see his own calls, without what colleagues said among themselves', async () => {
    const calls = (await get('bob', '/v1/people/me/calls')).body['calls'] as { id: string; status: string }[];
    expect(calls.map(({ status }) => status).sort()).toEqual(['active', 'new']);
    const { body } = await get('bob', `/v1/calls/${calls.find(({ status }) => status === 'active')!.id}`);
    expect(JSON.stringify(body)).toContain('Replaced the switch');
    expect(JSON.stringify(body)).not.toContain('power supply');
  });

  it('lets Sam read what was talked about, and Carla, who is not trained, not', async () => {
    const timeline = `/v1/people/${idOf('alice')}/timeline?purpose=customer-service`;
    expect(JSON.stringify((await get('sam', timeline)).body)).toContain('Prefers to be called before ten');
    const refused = await get('carla', timeline);
    expect(refused.status).toBe(403);
    expect(refused.body['detail']).toContain('confidentiality training');
  });

  it('lets Petra and Audrey read what happened and why it was allowed', async () => {
    for (const who of ['petra', 'audrey']) {
      const { status, body } = await get(who, '/v1/audit-trail?limit=200');
      expect(status).toBe(200);
      const types = (body as unknown as Entries).entries.map(({ type }) => type);
      expect(types).toEqual(
        expect.arrayContaining(['RoleGranted', 'TrainingAttested', 'EngagementOpened', 'ServiceRegistered', 'NoteTaken']),
      );
    }
    const petra = (await get('petra', '/v1/people/me/data')).body['values'];
    expect(petra).toContainEqual(expect.objectContaining({ field: 'name', value: 'Petra Peeters', current: true }));
  });

  it('puts nobody into a log', () => {
    const logged = server.log.split('\n').filter((line) => line.startsWith('{'));
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join()).not.toMatch(/Alice|Arden|Bergman|printer/);
  });

  it('tells nothing again when it is started again', async () => {
    const trail = async () => {
      const { entries } = (await get('audrey', '/v1/audit-trail?limit=500')).body as unknown as Entries;
      return entries.map(({ type }) => type).filter((type) => type !== 'SoftwareStarted' && type !== 'RefusalsRecorded');
    };
    const before = await trail();
    await server.kill();
    await server.start();
    expect(await trail()).toEqual(before);
  });
});

it('A start with DEMO=off begins with nothing but the privacy officer', async () => {
  const server = await TestServer.start({ ...DEVELOPMENT, DEMO: 'off' });
  try {
    expect((await server.call('alice', 'GET', '/v1/people/me/data')).status).toBe(403);
    // The one for which the first privacy officer's account is kept.
    const { body } = await server.call('petra', 'GET', '/v1/purposes');
    expect((body['purposes'] as { slug: string }[]).map(({ slug }) => slug)).toEqual(['security']);
    expect(server.log).not.toContain('curl');
  } finally {
    await server.close();
  }
});
