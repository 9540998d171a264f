/** What a problem's `type` leads to. */
import { TestServer } from './server';

jest.setTimeout(60_000);

describe('/problems', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterAll(() => server.close());

  const page = async (path: string) => {
    const answer = await fetch(`${server.url}${path}`);
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };

  it('explains each kind, those of the domain included, to anybody', async () => {
    const list = await page('/problems');
    expect(list).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    const links = [...list.text.matchAll(/href="(\/problems\/[a-z-]+)"/g)].map(([, link]) => link!);
    expect(links).toEqual(expect.arrayContaining(['/problems/invalid-input', '/problems/call-closed', '/problems/already-held']));
    for (const link of links) expect(await page(link)).toMatchObject({ status: 200, text: expect.stringContaining('<h1>') as string });
  });

  it('says so where there is no such kind', async () => {
    expect(await page('/problems/nonsense')).toMatchObject({ status: 404, type: 'application/problem+json; charset=utf-8' });
  });

  it('and every other answer is kept by nobody on its way, and taken for nothing else', async () => {
    for (const path of ['/problems', '/v1/people/me/data', '/nothing', '/health/live']) {
      const { headers } = await fetch(`${server.url}${path}`);
      expect(Object.fromEntries(headers)).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as string,
        'referrer-policy': 'no-referrer',
      });
    }
  });
});
