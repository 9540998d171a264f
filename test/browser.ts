/** A real browser for tests, out of a package: nothing has to be installed. */
import type { Browser } from 'playwright-core';
import { chromium as driver } from 'playwright-core';

/** @returns a Chromium without a window; the caller closes it */
export async function launchBrowser(): Promise<Browser> {
  const { default: chromium } = await import('@sparticuz/chromium');
  return driver.launch({ executablePath: await chromium.executablePath(), args: chromium.args, headless: true });
}
