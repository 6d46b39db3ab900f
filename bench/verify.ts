// Proves that a server's answers are right, byte for byte, before anything is timed.
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Answer, type Client, connect } from './client.ts';
import { partOf, type Script } from './encoded/scripts.ts';
import { type BenchRequest, requestFor, type Validators } from './request.ts';
import type { Expectation, Scenario } from './scenario.ts';
import { MIB } from './site.ts';

/** A server gave a wrong answer; its row must not be timed. */
export class WrongAnswer extends Error {}

const REPEATS = 3;

/** Milliseconds. Whoever makes a form in the background has it sooner. */
const ENCODED_MS = 30_000;

/**
 * Asks for each expected answer on one connection, several times, and compares status, fields and
 * body. Encoded forms may take `patience` milliseconds to be there. Returns the requests to time. Rejects with WrongAnswer at the first difference.
 */
export async function verify(
  url: URL,
  root: string,
  { expects, keepAlive, protocol }: Pick<Scenario, 'expects' | 'keepAlive' | 'protocol'>,
  patience = ENCODED_MS,
): Promise<readonly BenchRequest[]> {
  const client = connect(url, protocol);
  const requests: BenchRequest[] = [];
  try {
    for (const expected of expects) {
      const request = requestFor(expected, await validatorsFor(client, expected));
      requests.push(request);
      if (expected.kind === 'encoded') {
        await untilEncoded(client, request, expected.script.size, patience);
      }
      const large = expected.kind === 'whole' && expected.asset.size > 16 * MIB;
      for (let turn = 0; turn < (large ? 1 : REPEATS); turn += 1) {
        await check(client, root, expected, request, keepAlive && turn > 0);
      }
    }
  } finally {
    client.close();
  }
  return requests;
}

async function validatorsFor(client: Client, expected: Expectation): Promise<Validators> {
  if (expected.kind !== 'not-modified' || expected.since !== undefined) {
    return { etag: undefined, lastModified: undefined };
  }
  const response = await client.ask({ path: expected.asset.path, headers: {} });
  for await (const _ of response.body) {
    // The connection is reused only after the whole body.
  }
  return { etag: response.headers.etag, lastModified: response.headers['last-modified'] };
}

async function check(
  client: Client,
  root: string,
  expected: Expectation,
  request: BenchRequest,
  mustReuse: boolean,
): Promise<void> {
  const response = await client.ask(request);
  const about = `${request.path} ${JSON.stringify(request.headers)}`;
  const wrong = (what: string) => new WrongAnswer(`${about}: ${what}`);
  if (mustReuse && !response.reused) throw wrong('the connection was not kept alive');
  switch (expected.kind) {
    case 'whole':
      expectStatus(response, 200, wrong);
      expectField(response, 'content-length', `${expected.asset.size}`, wrong);
      return await expectBody(
        response,
        join(root, expected.asset.path),
        0,
        expected.asset.size,
        wrong,
      );
    case 'part': {
      const [first, last] = expected.range;
      expectStatus(response, 206, wrong);
      expectField(
        response,
        'content-range',
        `bytes ${first}-${last}/${expected.asset.size}`,
        wrong,
      );
      expectField(response, 'content-length', `${last - first + 1}`, wrong);
      return await expectBody(response, join(root, expected.asset.path), first, last + 1, wrong);
    }
    case 'parts':
      expectStatus(response, 206, wrong);
      return await expectParts(response, root, expected, wrong);
    case 'gzip': {
      const file = join(root, `${expected.asset.path}.gz`);
      const { size } = await stat(file);
      expectStatus(response, 200, wrong);
      expectField(response, 'content-encoding', 'gzip', wrong);
      // Some servers send a coded body in chunks, without its length.
      return await expectBody(response, file, 0, size, wrong);
    }
    case 'encoded':
      expectStatus(response, 200, wrong);
      return await expectScript(response, root, expected.script, wrong);
    case 'not-modified':
      expectStatus(response, 304, wrong);
      return await expectNoBody(response, wrong);
    case 'missing':
      expectStatus(response, 404, wrong);
      return await readToEnd(response).then(() => undefined);
    case 'listing':
      expectStatus(response, 200, wrong);
      return await expectNames(response, expected.names, wrong);
  }
}

type Wrong = (what: string) => WrongAnswer;

function expectStatus(response: Answer, status: number, wrong: Wrong): void {
  if (response.status !== status) throw wrong(`status ${response.status}, not ${status}`);
}

function expectField(response: Answer, name: string, value: string, wrong: Wrong): void {
  const got = response.headers[name];
  if (got !== value) throw wrong(`${name} is ${got ?? 'missing'}, not ${value}`);
}

/** Compares the body with bytes [start, end) of a file while it arrives. */
async function expectBody(
  response: Answer,
  path: string,
  start: number,
  end: number,
  wrong: Wrong,
): Promise<void> {
  const file = await open(path);
  try {
    let at = start;
    for await (const chunk of response.body) {
      if (at + chunk.length > end) throw wrong(`more than ${end - start} body bytes`);
      await expectSame(chunk, file, at, at - start, wrong);
      at += chunk.length;
    }
    if (at !== end) throw wrong(`${at - start} body bytes, not ${end - start}`);
  } finally {
    await file.close();
  }
}

async function expectSame(
  got: Buffer,
  file: FileHandle,
  position: number,
  bodyOffset: number,
  wrong: Wrong,
): Promise<void> {
  const right = Buffer.allocUnsafe(got.length);
  await file.read(right, 0, right.length, position);
  if (got.equals(right)) return;
  const difference = got.findIndex((byte, index) => byte !== right[index]);
  throw wrong(`body byte ${bodyOffset + difference} is wrong`);
}

async function expectNames(
  response: Answer,
  names: readonly string[],
  wrong: Wrong,
): Promise<void> {
  const listed = new Set(String(await readToEnd(response)).split(/[^\w.-]+/));
  const left = names.filter((name) => !listed.has(name));
  if (left.length > 0) throw wrong(`${left.length} names are left out, ${left[0]} among them`);
}

async function expectNoBody(response: Answer, wrong: Wrong): Promise<void> {
  const body = await readToEnd(response);
  if (body.length > 0) throw wrong(`${body.length} body bytes, not none`);
}

/** Returns in any case: whoever has no form by then gives a wrong answer. */
async function untilEncoded(
  client: Client,
  request: BenchRequest,
  whole: number,
  patience: number,
): Promise<void> {
  for (const until = performance.now() + patience; performance.now() < until; ) {
    const body = await readToEnd(await client.ask(request));
    if (body.length !== whole) return;
  }
}

const DECODERS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
};

/** In a coding that was accepted; or, of a server that was given the form as the file, just that. */
async function expectScript(
  response: Answer,
  root: string,
  { path, accepted, form }: Script,
  wrong: Wrong,
): Promise<void> {
  const coding = response.headers['content-encoding'];
  const body = await readToEnd(response);
  const siblings = partOf(root, 'siblings');
  if (coding === undefined) {
    if (!body.equals(await readFile(join(siblings, `${path}${form}`)))) throw wrong('not encoded');
    return;
  }
  const decode = accepted.split(', ').includes(coding) ? DECODERS[coding] : undefined;
  if (decode === undefined) throw wrong(`content-encoding is ${coding}, not of ${accepted}`);
  if (!decode(body).equals(await readFile(join(siblings, path)))) {
    throw wrong(`what is decoded from ${coding} is not the file`);
  }
}

async function readToEnd(response: Answer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** RFC 9110 §14.6: each part names its range; parts may come in any order, each exactly once. */
async function expectParts(
  response: Answer,
  root: string,
  { asset, ranges }: Extract<Expectation, { kind: 'parts' }>,
  wrong: Wrong,
): Promise<void> {
  const type = response.headers['content-type'] ?? '';
  const boundary = /^multipart\/byteranges;\s*boundary="?([^";]+)"?/i.exec(type)?.[1];
  if (boundary === undefined) throw wrong(`content-type is ${type}`);
  const body = await readToEnd(response);
  const file = await open(join(root, asset.path));
  try {
    for (const [first, last] of ranges) {
      const label = `bytes ${first}-${last}/${asset.size}\r\n`;
      const head = body.indexOf(label, 0, 'latin1');
      if (head === -1) throw wrong(`no part for ${label.trim()}`);
      const start = body.indexOf('\r\n\r\n', head + label.length - 2, 'latin1') + 4;
      const end = start + last - first + 1;
      await expectSame(body.subarray(start, end), file, first, start, wrong);
      if (body.indexOf(`\r\n--${boundary}`, end, 'latin1') !== end) {
        throw wrong(`the part ${label.trim()} has a wrong length`);
      }
    }
  } finally {
    await file.close();
  }
}
