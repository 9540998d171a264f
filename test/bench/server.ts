/** The server that is measured: the built one, configured as in production, in folders of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

const ROOT = join(__dirname, '..', '..', '..');
const MAIN = join(ROOT, 'dist', 'apps', 'server', 'src', 'main.js');
const AUDIENCE = 'urn:rapport:api';
export const OFFICER = 'officer';

/** An OpenID Connect issuer, as small as one can be: it is asked for its key once. */
export class Issuer {
  private readonly tokens = new Map<string, string>();

  private constructor(
    private readonly server: Server,
    private readonly key: CryptoKey,
    readonly url: string,
  ) {}

  static async start(): Promise<Issuer> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'bench', use: 'sig' };
    const server = createHttpServer((request, response) => {
      const answer = request.url?.startsWith('/.well-known/') === true ? { issuer: url, jwks_uri: `${url}/keys` } : { keys: [jwk] };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.unref();
    return new Issuer(server, privateKey, url);
  }

  /** @param service true for a service, which signs in by itself */
  async token(subject: string, service = false): Promise<string> {
    const known = this.tokens.get(subject);
    if (known !== undefined) return known;
    const token = await new SignJWT({ client_id: service ? subject : 'portal' })
      .setProtectedHeader({ alg: 'ES256', kid: 'bench', typ: 'at+jwt' })
      .setIssuer(this.url)
      .setSubject(subject)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('12h')
      .sign(this.key);
    this.tokens.set(subject, token);
    return token;
  }

  close(): void {
    this.server.close();
  }
}

export class MeasuredServer {
  private child: ChildProcess | undefined;
  private output = '';

  private constructor(
    readonly issuer: Issuer,
    readonly folder: string,
    readonly port: number,
  ) {}

  static async create(issuer: Issuer): Promise<MeasuredServer> {
    const folder = mkdtempSync(join(tmpdir(), 'rapport-bench-'));
    writeFileSync(join(folder, 'keys'), `1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    return new MeasuredServer(issuer, folder, await freePort());
  }

  get dataDir(): string {
    return join(this.folder, 'data');
  }

  private get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      NODE_ENV: 'production',
      PORT: String(this.port),
      DATA_DIR: this.dataDir,
      RAPPORT_KEY_FILE: join(this.folder, 'keys'),
      RAPPORT_JOURNAL: join(this.folder, 'journal'),
      OIDC_ISSUER: this.issuer.url,
      OIDC_AUDIENCE: AUDIENCE,
      RAPPORT_PRIVACY_OFFICER: `${this.issuer.url} ${OFFICER}`,
    };
  }

  /** @returns milliseconds from starting the process to its being ready */
  async start(): Promise<number> {
    const before = performance.now();
    const options = (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((each) => each !== '');
    const child = spawn(process.execPath, [...options, MAIN], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
    });
    this.child = child;
    this.output = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-100_000);
        if (this.output.includes('Rapport is ready')) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${this.output}`)));
    });
    return performance.now() - before;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Ends it and removes everything it wrote. */
  async discard(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** @throws Error where it is not answered with success */
  async call(
    token: string,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** Resolves when every read model shows what stands at `position`. */
  async projected(position: string): Promise<void> {
    for (;;) {
      const { position: reached } = await this.call(await this.issuer.token(OFFICER), 'GET', '/health/ready');
      if (typeof reached === 'string' && reached >= position) return;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
