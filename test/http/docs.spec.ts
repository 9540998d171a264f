/** The description and its pages as a browser shows them. */
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../browser';
import { TestServer } from './server';

jest.setTimeout(120_000);

describe('/docs', () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    server = await TestServer.start();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  it('shows the interface to a person, with nothing from elsewhere', async () => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const faults: string[] = [];
    const elsewhere: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on(
      'request',
      (request) => !request.url().startsWith(server.url) && !request.url().startsWith('data:') && elsewhere.push(request.url()),
    );
    await page.goto(`${server.url}/docs`);
    await page.locator('#operations-Conversations-takeNote').click();
    const parameter = page.getByText('Idempotency-Key').first();
    await parameter.waitFor();
    expect(await page.locator('h1, h2').first().textContent()).toContain('Rapport');
    expect(await page.locator('.opblock').count()).toBeGreaterThan(40);
    await page.locator('#operations-People-readMyData').click();
    await page.locator('#operations-People-readMyData').getByText('legalBasis').first().waitFor();
    if (process.env['SCREENSHOTS'] !== undefined) await page.screenshot({ path: `${process.env['SCREENSHOTS']}/docs.png` });
    expect({ faults, elsewhere }).toEqual({ faults: [], elsewhere: [] });
  });
});
