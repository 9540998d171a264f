/** The register of purposes, loaded from its file by the operator's command, as the privacy officer. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rapport } from './cli';
import { TestServer } from './server';

jest.setTimeout(120_000);

const SHIPPED = join(__dirname, '..', '..', 'config', 'purposes.yaml');

describe('purposes load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-purposes-'));
  const file = join(folder, 'register.yaml');
  let server: TestServer;
  beforeAll(async () => (server = await TestServer.start()));
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const inForce = async () => {
    const { body } = await server.call('petra', 'GET', '/v1/purposes');
    return (body['purposes'] as { slug: string; title: string }[]).map(({ slug, title }) => `${slug}: ${title}`);
  };
  const ofRegister = async () => {
    const { body } = await server.call('petra', 'GET', '/v1/audit-trail?limit=500');
    return (body['entries'] as { type: string; by: string }[])
      .filter(({ type }) => type.startsWith('Purpose'))
      .map(({ type, by }) => `${type} by ${by}`);
  };

  it('says what it would do, and does nothing, with --dry-run', async () => {
    const { code, stdout, stderr } = await rapport(server, ['purposes', 'load', SHIPPED, '--dry-run']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('customer-service: would be declared\n');
    // The first account is kept for a purpose too, so a history begins with that one.
    expect(stdout).toContain('1 of 6 purposes unchanged.\n');
    expect(await inForce()).toEqual(['security: Keeping data safe']);
  });

  it('declares what is new, in the name of the privacy officer, and nothing twice', async () => {
    expect((await rapport(server, ['purposes', 'load', SHIPPED])).stdout).toContain('service-desk: declared\n');
    expect(await inForce()).toHaveLength(6);
    expect(await ofRegister()).toEqual([...Array.from({ length: 5 }, () => 'PurposeDeclared by staff'), 'PurposeDeclared by system']);
    expect(await rapport(server, ['purposes', 'load', SHIPPED])).toEqual({ code: 0, stdout: '6 of 6 purposes unchanged.\n', stderr: '' });
    expect(await ofRegister()).toHaveLength(6);
  });

  it('declares anew what has changed; what is not there any more is named, and withdrawn only when it is asked to', async () => {
    const text = readFileSync(SHIPPED, 'utf8');
    const without = text.slice(0, text.indexOf('marketing:\n')) + text.slice(text.indexOf('accountability:\n'));
    writeFileSync(file, without.replace('title: Service desk', 'title: Help desk'));
    expect((await rapport(server, ['purposes', 'load', file])).stdout).toBe(
      'service-desk: declared anew\nmarketing: in force, but not in the file; --withdraw withdraws it\n4 of 5 purposes unchanged.\n',
    );
    expect(await inForce()).toEqual(expect.arrayContaining(['service-desk: Help desk', 'marketing: News and invitations']));
    const tried = await rapport(server, ['purposes', 'load', file, '--withdraw', '--dry-run']);
    expect(tried.stdout).toBe('marketing: would be withdrawn\n5 of 5 purposes unchanged.\n');
    expect(await inForce()).toHaveLength(6);
    expect((await rapport(server, ['purposes', 'load', file, '--withdraw'])).stdout).toBe(
      'marketing: withdrawn\n5 of 5 purposes unchanged.\n',
    );
    expect((await inForce()).join()).not.toContain('marketing');
  });

  it('says line and field of what is wrong with the file, and does nothing', async () => {
    writeFileSync(file, readFileSync(SHIPPED, 'utf8').replace('basis: consent', 'basis: agreement'));
    const { code, stdout, stderr } = await rapport(server, ['purposes', 'load', file, '--withdraw']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^.*register\.yaml:\d+: marketing\.basis: One of these is expected: consent, .*\n$/);
    expect((await rapport(server, ['purposes', 'load', join(folder, 'none.yaml')])).stderr).toMatch(
      /none\.yaml cannot be read \(ENOENT\)\.\n$/,
    );
  });

  it('is refused to whoever is not the privacy officer', async () => {
    const token = await server.serviceToken('crm');
    const refused = await rapport(server, ['purposes', 'load', SHIPPED, '--withdraw'], { RAPPORT_TOKEN: token });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('The server answered 403: ') });
    const expired = await rapport(server, ['purposes', 'load', SHIPPED], { RAPPORT_TOKEN: 'expired' });
    expect(expired).toMatchObject({ code: 2, stderr: expect.stringContaining('Set RAPPORT_TOKEN to a current access token') });
  });
});
