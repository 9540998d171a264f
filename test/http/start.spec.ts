/** How a start that cannot succeed ends, and how one that did is stopped. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, TestServer } from './server';

jest.setTimeout(60_000);

describe('The start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-start-'));
  let server: TestServer;
  beforeAll(async () => (server = await TestServer.start()));
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs the server until it ends by itself. */
  const ended = (env: NodeJS.ProcessEnv) =>
    new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      const defaults = {
        DATA_DIR: join(folder, 'data'),
        XDG_CONFIG_HOME: join(folder, 'config'),
        NODE_ENV: 'test',
        EVENT_STORE_URL: undefined,
      };
      const child = spawn(process.execPath, [MAIN], { env: { ...process.env, ...defaults, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
      const heard = { stdout: '', stderr: '' };
      child.stdout.on('data', (chunk: Buffer) => (heard.stdout += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (heard.stderr += chunk.toString()));
      child.once('close', (code) => resolve({ code, ...heard }));
    });

  it('says that the port is taken, and by which variable to choose another', async () => {
    const { code, stdout, stderr } = await ended({ PORT: String(server.port) });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `InvalidConfiguration: PORT ${server.port} is used by another program. ` +
        `Stop that one, or choose another: PORT=${server.port + 1} npm start\n`,
    );
  });

  it('says that the data is open in another process', async () => {
    const { code, stderr } = await ended({ PORT: String(server.port), DATA_DIR: server.dataDir });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^(StoreLocked|VaultInUse): .* is open in another process.* Stop /);
  });

  it('says that the data folder is none', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'below')]) {
      const { code, stderr } = await ended({ DATA_DIR: dataDir });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `InvalidConfiguration: DATA_DIR must name a folder that can be made or written to; ${dataDir} cannot.\n`,
      });
    }
  });

  it('says what is wrong with a variable', async () => {
    const { code, stderr } = await ended({ PORT: 'eighty' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'InvalidConfiguration: PORT is expected as a number from 1 to 65535; left out, it is 3000.\n',
    });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, and starts again on the same data', async (signal) => {
    expect(await server.kill(signal)).toBe(0);
    await server.start();
    expect((await server.call(undefined, 'GET', '/health/ready')).status).toBe(200);
  });
});
