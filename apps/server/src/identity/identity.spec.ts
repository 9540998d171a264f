import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import * as openid from 'openid-client';
import {
  AUDIENCE,
  createDevelopmentProvider,
  DEMO_PERSON_GRANT,
  type DevelopmentProvider,
  mountDevelopmentProvider,
} from './development-provider';
import { secretOf } from './development-people';
import { createTokenVerifier, type TokenVerifier } from './tokens';

const PORTAL_CALLBACK = 'http://localhost:5173/callback';

let folder: string;
let server: Server;
let fastify: FastifyInstance;
let provider: DevelopmentProvider;
let verify: TokenVerifier;
const complaints: unknown[][] = [];

/** A server whose port is known before it has its routes: the issuer's name contains it. */
async function listen(): Promise<number> {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  for (const level of ['info', 'warn', 'error'] as const)
    jest.spyOn(console, level).mockImplementation((...args) => void complaints.push(args));
  folder = mkdtempSync(join(tmpdir(), 'identity-'));
  const port = await listen();
  fastify = Fastify({ serverFactory: (handler) => server.on('request', handler) });
  provider = await createDevelopmentProvider({ issuer: `http://localhost:${port}/identity`, keysFile: join(folder, 'new', 'keys.json') });
  mountDevelopmentProvider(fastify, provider);
  fastify.post('/echo', async ({ body }) => body);
  await fastify.ready();
  verify = createTokenVerifier({ issuer: provider.issuer, audience: AUDIENCE, jwks: provider.jwks });
});

afterAll(async () => {
  await fastify.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
  jest.restoreAllMocks();
});

const discover = (client: string, secret?: string) =>
  openid.discovery(new URL(provider.issuer), client, secret, secret === undefined ? openid.None() : undefined, {
    execute: [openid.allowInsecureRequests],
  });

const post = (path: string, form: { [name: string]: string }, headers: { [name: string]: string } = {}) =>
  fetch(`${provider.issuer}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });

const demoToken = async (person: string) => {
  const response = await post('/token', { grant_type: DEMO_PERSON_GRANT, client_id: 'demo', person });
  return { status: response.status, body: (await response.json()) as { access_token: string; error?: string } };
};

/** A browser, as far as signing in needs one: cookies and redirects by hand. */
class Browser {
  private readonly cookies = new Map<string, string>();

  async go(url: string | URL, form?: { [name: string]: string }): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value) this.cookies.set(name, value);
      else if (name !== undefined) this.cookies.delete(name);
    }
    return response;
  }

  /** Follows redirects within the provider. @returns where it leads: a page, or an address elsewhere */
  async follow(url: string | URL, form?: { [name: string]: string }): Promise<{ url: URL; html: string }> {
    let at = new URL(url);
    let response = await this.go(at, form);
    for (let hops = 0; hops < 10; hops++) {
      const location = response.headers.get('location');
      if (location === null) return { url: at, html: await response.text() };
      at = new URL(location, at);
      if (!at.href.startsWith(provider.issuer)) return { url: at, html: '' };
      response = await this.go(at);
    }
    throw new Error('Too many redirects.');
  }
}

async function signIn(browser: Browser, person: string) {
  const config = await discover('portal');
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const authorization = openid.buildAuthorizationUrl(config, {
    redirect_uri: PORTAL_CALLBACK,
    scope: 'openid profile',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  });
  const login = await browser.follow(authorization);
  const chosen = await browser.follow(login.url, { person });
  return { config, verifier, state, login, chosen };
}

describe('the development identity provider', () => {
  it('signs people in: authorization code with PKCE through the login page', async () => {
    const { config, verifier, state, login, chosen } = await signIn(new Browser(), 'alice');
    expect(login.url.pathname).toMatch(/^\/identity\/interaction\//);
    for (const { subject } of provider.people) expect(login.html).toContain(`value="${subject}"`);
    expect(login.html).toMatch(/for development only.*no password/is);
    expect(`${chosen.url.origin}${chosen.url.pathname}`).toBe(PORTAL_CALLBACK);

    const tokens = await openid.authorizationCodeGrant(config, chosen.url, { pkceCodeVerifier: verifier, expectedState: state });
    expect(tokens.claims()).toMatchObject({ sub: 'alice', name: 'Alice Arden' });
    expect(await verify(`Bearer ${tokens.access_token}`)).toMatchObject({
      issuer: provider.issuer,
      subject: 'alice',
      clientId: 'portal',
      service: false,
    });
  });

  it('asks again each time, so that another person can be chosen', async () => {
    const browser = new Browser();
    await signIn(browser, 'alice');
    const again = await signIn(browser, 'alice');
    expect(again.login.html).toContain('value="sam"');
    expect(again.chosen.url.searchParams.get('code')).toBeTruthy();

    const { config, verifier, state, chosen } = await signIn(browser, 'sam');
    const [, action] = /action="([^"]+)"/.exec(chosen.html) ?? [];
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(chosen.html) ?? [];
    const switched = await browser.follow(action!, { xsrf: xsrf!, logout: 'yes' });
    const tokens = await openid.authorizationCodeGrant(config, switched.url, { pkceCodeVerifier: verifier, expectedState: state });
    expect(tokens.claims()?.sub).toBe('sam');
  });

  it('gives no token for a code without its verifier, and no code to another address', async () => {
    const { config, state, chosen } = await signIn(new Browser(), 'bob');
    const wrong = { pkceCodeVerifier: openid.randomPKCECodeVerifier(), expectedState: state };
    await expect(openid.authorizationCodeGrant(config, chosen.url, wrong)).rejects.toMatchObject({ error: 'invalid_grant' });

    const elsewhere = openid.buildAuthorizationUrl(config, {
      redirect_uri: 'http://example.org/callback',
      scope: 'openid',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    });
    const refused = await new Browser().follow(elsewhere);
    expect(refused.url.href).toBe(elsewhere.href);
    expect(refused.html).toContain('redirect_uri');
  });

  it('does not let anybody be somebody who is not in the demonstration', async () => {
    const { chosen } = await signIn(new Browser(), 'mallory');
    expect(chosen.html).toContain('Nobody');
    const page = await new Browser().follow(`${provider.issuer}/interaction/unknown`);
    expect(page.html).toContain('Too late');
  });

  it.each(['crm', 'import', 'demo-untrusted'])('gives the service %s a token for its secret', async (service) => {
    const tokens = await openid.clientCredentialsGrant(await discover(service, secretOf(service)));
    expect(tokens.expires_in).toBe(3600);
    expect(await verify(`Bearer ${tokens.access_token}`)).toMatchObject({ subject: service, clientId: service, service: true });
    const guessed = openid.clientCredentialsGrant(await discover(service, 'guessed'));
    await expect(guessed).rejects.toMatchObject({ error: 'invalid_client' });
  });

  it('gives a demo person’s token for one request of the demo client', async () => {
    const { status, body } = await demoToken('sam');
    expect({ status, ...body }).toMatchObject({ status: 200, token_type: 'Bearer', expires_in: 3600 });
    const identity = await verify(`Bearer ${body.access_token}`);
    expect(identity).toMatchObject({ subject: 'sam', clientId: 'demo', service: false });
    const { status: refused, body: error } = await demoToken('mallory');
    expect({ refused, ...error }).toMatchObject({ refused: 400, error: 'invalid_grant' });
    const portal = await post('/token', { grant_type: DEMO_PERSON_GRANT, client_id: 'portal', person: 'sam' });
    expect(portal.status).toBe(400);
  });

  it('is read from a browser by pages of this machine only, and never for the demo client', async () => {
    const ask = async (client_id: string, origin: string) => {
      const form = { grant_type: client_id === 'demo' ? DEMO_PERSON_GRANT : 'authorization_code', client_id, person: 'sam', code: 'x' };
      return (await post('/token', form, { origin })).headers.get('access-control-allow-origin');
    };
    expect(await ask('portal', 'http://localhost:5173')).toBe('http://localhost:5173');
    expect(await ask('portal', 'https://example.org')).toBeNull();
    expect(await ask('demo', 'http://localhost:5173')).toBeNull();
  });

  it('answers under its own host name only', async () => {
    const { port } = server.address() as AddressInfo;
    const status = (host: string) =>
      new Promise((resolve, reject) => {
        const path = '/identity/.well-known/openid-configuration';
        request({ port, host: '127.0.0.1', path, headers: { host } }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    expect(await status(`localhost:${port}`)).toBe(200);
    expect(await status('rebound.example.org')).toBe(421);
  });

  it('leaves the bodies of other routes alone', async () => {
    const response = await fetch(new URL('/echo', provider.issuer), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(await response.json()).toEqual({ a: 1 });
  });

  it('signs out', async () => {
    const browser = new Browser();
    await signIn(browser, 'alice');
    const page = await browser.go(`${provider.issuer}/session/end`);
    const html = await page.text();
    expect(html).toContain('Sign out?');
    const [, xsrf] = /name="xsrf" value="([^"]+)"/.exec(html) ?? [];
    const out = await browser.follow(`${provider.issuer}/session/end/confirm`, { xsrf: xsrf!, logout: 'yes' });
    expect(out.html).toContain('Signed out');
  });

  it('keeps its keys in a file of the owner, so that tokens survive a restart', async () => {
    const keysFile = join(folder, 'new', 'keys.json');
    expect(statSync(keysFile).mode & 0o777).toBe(0o600);
    const before = await demoToken('petra');
    const again = await createDevelopmentProvider({ issuer: provider.issuer, keysFile });
    expect(again.jwks).toEqual(provider.jwks);
    expect(JSON.stringify(again.jwks)).not.toContain(
      (JSON.parse(readFileSync(keysFile, 'utf8')) as { jwks: { keys: { d: string }[] } }).jwks.keys[0]!.d,
    );
    const verifyAgain = createTokenVerifier({ issuer: provider.issuer, audience: AUDIENCE, jwks: again.jwks });
    expect(await verifyAgain(`Bearer ${before.body.access_token}`)).toMatchObject({ subject: 'petra' });
  });

  it.each(['', '{}', '{"jwks":{"keys":[]},"cookieKeys":["x"]}'])('says what to do about a keys’ file that holds %j', async (text) => {
    const keysFile = join(folder, 'other.json');
    writeFileSync(keysFile, text);
    await expect(createDevelopmentProvider({ issuer: provider.issuer, keysFile })).rejects.toThrow(/other\.json .*Delete it/);
  });

  it('refuses to run in production', async () => {
    const options = { issuer: provider.issuer, keysFile: join(folder, 'never.json'), environment: 'production' };
    await expect(createDevelopmentProvider(options)).rejects.toThrow(/does not run in production/);
  });

  it('is verified as any issuer is, by discovery', async () => {
    const { body } = await demoToken('audrey');
    const discovering = createTokenVerifier({ issuer: provider.issuer, audience: AUDIENCE });
    expect(await discovering(`Bearer ${body.access_token}`)).toMatchObject({ subject: 'audrey' });
  });

  // Last: everything above ran without a word on the console.
  it('complains about nothing', () => expect(complaints).toEqual([]));
});
