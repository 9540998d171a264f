/** `rapport keys` and `rapport rebuild`, while a server runs and while none does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addEpoch, pooledRandom } from '@rapport/vault';
import { rapport, type Ended } from './cli';
import { TestServer } from './server';

jest.setTimeout(120_000);

const PURPOSE = {
  slug: 'customer-service',
  title: 'Customer service',
  explanation: 'We answer what you ask.',
  categories: ['identity'],
  subjects: ['customer-contact'],
  basis: 'contract',
  retention: [{ category: 'identity', keep: 'P2Y', from: 'last-contact' }],
};

describe('The commands that need the stores to themselves', () => {
  let server: TestServer;
  let alice: string;
  const run = (...args: string[]): Promise<Ended> => rapport(server, args);
  const keyFile = async () => /^Key file: (.+)$/m.exec((await run('keys', 'list')).stdout)![1]!;
  const nameOfAlice = async () => {
    const { body } = await server.call('petra', 'GET', `/v1/people/${alice}/timeline?purpose=customer-service`);
    return JSON.stringify(body).includes('Alice Arden');
  };

  beforeAll(async () => {
    server = await TestServer.start();
    await server.call('petra', 'POST', '/v1/purposes', PURPOSE);
    const about = { purpose: 'customer-service', source: 'data-subject' };
    const added = await server.call('petra', 'POST', '/v1/people', { ...about, relationship: 'customer', name: 'Alice Arden' });
    alice = added.body['id'] as string;
  });
  afterAll(() => server.close());

  it.each([[['keys', 'list']], [['keys', 'rotate']], [['keys', 'drop', '1', '--yes']], [['rebuild']]])(
    '%j says that a server runs, and which',
    async (args) => {
      const { code, stderr } = await run(...args);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        new RegExp(`^A server runs on these stores \\(process \\d+, ${server.url}\\)\\. Stop it, run this command again`),
      );
    },
  );

  it('say so where there are no stores', async () => {
    const elsewhere = { DATA_DIR: join(server.folder, 'nothing') };
    expect(await rapport(server, ['rebuild'], elsewhere)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no store in'),
    });
  });

  it('rotate keys: what was sealed before opens after, also once the old epoch is destroyed', async () => {
    await server.kill();
    const file = await keyFile();
    const first = readFileSync(file, 'utf8');
    expect(await run('keys', 'drop', '1', '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Epoch 1 is the current one'),
    });

    const rotated = await run('keys', 'rotate');
    expect(rotated).toMatchObject({ code: 0, stdout: expect.stringContaining('the vault needs epoch 2 and no other') });
    expect((await run('keys', 'list')).stdout).toContain('  epoch 1: not needed by the vault\n  epoch 2: current, needed by the vault\n');
    await server.start();
    expect(await nameOfAlice()).toBe(true);
    await server.kill();

    // Not asked on a terminal, it wants to be told.
    expect(await run('keys', 'drop', '1')).toMatchObject({ code: 2, stderr: expect.stringContaining('Nothing was destroyed: add --yes') });
    expect(await run('keys', 'drop', '7', '--yes')).toMatchObject({ code: 2, stderr: expect.stringContaining('has no epoch 7') });
    expect((await run('keys', 'drop', '1', '--yes')).code).toBe(0);
    expect(readFileSync(file, 'utf8')).not.toContain(first.split(':')[1]!.trim());
    await server.start();
    expect(await nameOfAlice()).toBe(true);
  });

  it('finish a rotation that was interrupted, instead of adding another epoch', async () => {
    await server.kill();
    const file = await keyFile();
    // As a rotation leaves it that is killed once the epoch is there.
    addEpoch(file, pooledRandom());
    const finished = await run('keys', 'rotate');
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringContaining('Finishing the rotation to epoch 3') });
    expect(finished.stdout).toContain('the vault needs epoch 3 and no other');
    await server.start();
    expect(await nameOfAlice()).toBe(true);
  });

  it('rebuild read models that answer as before', async () => {
    const trail = async () => (await server.call('petra', 'GET', '/v1/audit-trail')).body;
    await server.kill();
    const { code, stdout } = await run('rebuild');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^All read models are built anew from \d+ events\.\n$/) });
    await server.start();
    expect(await nameOfAlice()).toBe(true);
    expect(JSON.stringify(await trail())).toContain('ContactAdded');
  });
});
