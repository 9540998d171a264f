/** Signing in as a person does: in a real browser, by authorization code with PKCE, and then with the token at the API. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import chromium from '@sparticuz/chromium';
import * as openid from 'openid-client';
import { chromium as launcher, type Browser, type Page } from 'playwright-core';
import { TestServer } from './server';

jest.setTimeout(120_000);

describe('Signing in with a browser', () => {
  let server: TestServer;
  let browser: Browser;
  /** Stands for the portal: the page the provider comes back to. */
  let portal: Server;
  let callback: string;

  beforeAll(async () => {
    portal = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>Back</title>'));
    await new Promise<void>((resolve) => portal.listen(0, '127.0.0.1', resolve));
    callback = `http://localhost:${(portal.address() as AddressInfo).port}/callback`;
    server = await TestServer.start({ NODE_ENV: 'development' });
    browser = await launcher.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    portal.close();
  });

  /** A window of its own; what its pages complain about is kept. */
  async function open(): Promise<{ page: Page; complaints: string[] }> {
    const page = await (await browser.newContext()).newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    return { page, complaints };
  }

  /** Goes to the sign-in page. @returns what is done once the browser has come back */
  async function begin(page: Page): Promise<() => Promise<string>> {
    const config = await openid.discovery(new URL(`${server.url}/identity`), 'portal', undefined, openid.None(), {
      execute: [openid.allowInsecureRequests],
    });
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const authorization = openid.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid profile',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
    });
    await page.goto(authorization.href);
    return async () => {
      await page.waitForURL(`${callback}**`);
      const tokens = await openid.authorizationCodeGrant(config, new URL(page.url()), { pkceCodeVerifier, expectedState });
      return tokens.access_token;
    };
  }

  const read = async (token: string, path: string) => {
    const answer = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: await answer.text() };
  };

  it.each([
    ['Alice Arden', '/v1/people/me/data', 'alice@arden.example'],
    ['Bob Bergman', '/v1/people/me/calls', 'Network at the slipway drops'],
    ['Sam Sato', '/v1/people/me/data', 'sam@rapport.example'],
    ['Carla Conti', '/v1/people/me/data', 'carla@rapport.example'],
    ['Petra Peeters', '/v1/audit-trail', 'PurposeDeclared'],
    ['Audrey Addo', '/v1/audit-trail', 'PurposeDeclared'],
  ])('%s is chosen on the page, comes back, and sees something', async (name, path, expected) => {
    const { page, complaints } = await open();
    const finish = await begin(page);
    expect(await page.title()).toBe('Who are you today? · Rapport');
    await page.getByRole('button', { name }).click();
    const { status, body } = await read(await finish(), path);
    expect(status).toBe(200);
    expect(body).toContain(expected);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('needs no mouse, and says in words what the page is for', async () => {
    const { page } = await open();
    const finish = await begin(page);
    expect(await page.getByText('This sign-in is for development only.').isVisible()).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toContain('Bob Bergman');
    await page.keyboard.press('Enter');
    expect((await read(await finish(), '/v1/people/me/data')).body).toContain('bob@bergman.example');
    await page.context().close();
  });

  it('is for one window: somebody else is somebody else in the next', async () => {
    const [first, second] = [await open(), await open()];
    const [alice, bob] = [await begin(first.page), await begin(second.page)];
    await first.page.getByRole('button', { name: 'Alice Arden' }).click();
    await second.page.getByRole('button', { name: 'Bob Bergman' }).click();
    expect((await read(await alice(), '/v1/people/me/data')).body).toContain('alice@arden.example');
    expect((await read(await bob(), '/v1/people/me/data')).body).not.toContain('alice@arden.example');
  });
});
