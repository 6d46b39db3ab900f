// A visit of the page in Chromium, over a line of 10 Mbit/s and 40 ms: what was transferred, and when the page was there.
import type { BrowserContext, CDPSession } from 'playwright-core';

/** CDP, Network.emulateNetworkConditions: bytes per second, milliseconds. */
const LINE = { downloadThroughput: 10_000_000 / 8, uploadThroughput: 10_000_000 / 8, latency: 40 };

export interface Visit {
  /** Milliseconds from the start of the navigation until the chart is drawn. */
  readonly ms: number;
  /** Heads and bodies as they were transferred, of all requests and of the script. */
  readonly bytes: number;
  readonly scriptBytes: number;
  /** Content-Encoding of the script; '' = none. */
  readonly coding: string;
}

/** Rejects where the page does not say that, or complains. */
export async function visit(
  context: BrowserContext,
  url: URL,
  script: string,
  says: string,
): Promise<Visit> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`));
  try {
    const session = await context.newCDPSession(page);
    const transfers = await watch(session);
    await page.goto(url.href, { waitUntil: 'load' });
    const mark = await page.waitForFunction(
      "performance.getEntriesByName('rendered')[0]?.startTime",
    );
    const ms = Number(await mark.jsonValue());
    const said = await page.textContent('#summary');
    if (!said?.includes(says)) complaints.push(`the page says ${said}, not ${says}`);
    if (complaints.length > 0) throw new Error(complaints.join('; '));
    const all = transfers();
    const own = all.find((each) => new URL(each.url).pathname === script);
    if (own === undefined) throw new Error(`${script} was not asked for`);
    const bytes = all.reduce((sum, each) => sum + each.bytes, 0);
    return { ms, bytes, scriptBytes: own.bytes, coding: own.coding };
  } finally {
    await page.close();
  }
}

interface Transfer {
  readonly url: string;
  readonly coding: string;
  bytes: number;
}

async function watch(session: CDPSession): Promise<() => readonly Transfer[]> {
  const transfers = new Map<string, Transfer>();
  session.on('Network.responseReceived', ({ requestId, response: { url, headers } }) => {
    const coding = Object.entries(headers).find(([name]) => /^content-encoding$/i.test(name));
    transfers.set(requestId, { url, coding: coding?.[1] ?? '', bytes: 0 });
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const transfer = transfers.get(requestId);
    if (transfer !== undefined) transfer.bytes = encodedDataLength;
  });
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, ...LINE });
  return () => [...transfers.values()];
}
