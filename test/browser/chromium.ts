// Debian's chromium, and a page in it.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { TLS_OPTIONS } from '../support/tls.ts';
import type { Teardown } from '../support/tree.ts';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why there is no browser here; undefined where there is. */
export const missingChromium = existsSync(EXECUTABLE) ? undefined : `${EXECUTABLE} is missing`;

export interface Visit {
  readonly page: Page;
  /** What the page complained about: errors, warnings, requests that failed. */
  readonly complaints: string[];
}

/** Starts the browser, which ends with the test. It trusts the certificate of the tests, and no other. */
export async function launchChromium(t: Teardown): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
      '--autoplay-policy=no-user-gesture-required',
      // Errors that a context ignores are still errors to a service worker.
      `--ignore-certificate-errors-spki-list=${keyOf(TLS_OPTIONS.tlsCert)}`,
    ],
  });
  t.teardown(() => browser.close());
  return browser;
}

/** The digest of a certificate's public key. */
function keyOf(file: string): string {
  const { publicKey } = new X509Certificate(readFileSync(file));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

export async function visit(t: Test, browser: Browser, url: string, dark = false): Promise<Visit> {
  const context = await browser.newContext({ colorScheme: dark ? 'dark' : 'light' });
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  return { page, complaints };
}
