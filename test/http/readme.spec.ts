/** The README's commands for a shell do what it says, run as they are printed there. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestServer } from './server';

jest.setTimeout(60_000);

const README = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
const blocks = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

describe('The shell commands of the README', () => {
  let server: TestServer;
  beforeAll(async () => (server = await TestServer.start({ NODE_ENV: 'development' })));
  afterAll(() => server.close());

  /** @returns the answers, a line each */
  function run(script: string): string[] {
    const shell = spawnSync('sh', ['-euc', script.replaceAll('http://localhost:3000', server.url)], { encoding: 'utf8' });
    expect({ status: shell.status, stderr: shell.stderr }).toEqual({ status: 0, stderr: '' });
    return shell.stdout.trim().split('\n');
  }

  it('take a note, show it to Alice and who looked, nothing to Carla, and why to Audrey', async () => {
    expect(blocks).toHaveLength(1);
    const [taking = '', looking = ''] = blocks[0]!.split(/(?=^# Sam looks)/m);
    const [noted = '', alice = ''] = run(`${taking}\necho "$ALICE"`);
    expect(noted).not.toContain('oven');
    const { changed, position } = JSON.parse(noted) as { changed: boolean; position: string };
    expect(changed).toBe(true);
    // Somebody who types is slower than the read models; a script is not.
    await server.call('alice', 'GET', '/v1/people/me/data', undefined, { 'rapport-position': position });

    const definitions = taking.split('\n').filter((line) => /^(SERVER=|token\(\)|api\(\))/.test(line));
    const [timeline, data, looks, refused, trail, ...more] = run(`${definitions.join('\n')}\nALICE=${alice}\n${looking}`);
    expect(more).toEqual([]);
    expect(timeline).toContain('The oven arrives in May. Call again in April.');
    expect(data).toContain('The oven arrives in May. Call again in April.');
    expect(looks).toContain('"question":"ReadTimeline"');
    expect(JSON.parse(refused!)).toMatchObject({ status: 403 });
    expect(refused).not.toContain('oven');
    expect(trail).toContain('staff-record-conversations');
    expect(trail).not.toContain('oven');
  });
});
