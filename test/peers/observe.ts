// Asks one server of a pair, and says what a client can tell of its answer.
import { createHash } from 'node:crypto';
import { type Address, type Answer, request } from '../support/client.ts';
import type { Case } from './cases.ts';
import type { Pair, PeerOptions } from './pairs.ts';
import type { Trees } from './tree.ts';

/** Aspect → value: status, body, and the fields that say something of the file. */
export type Observation = Readonly<Record<string, string>>;

const FIELDS = [
  ...['accept-ranges', 'allow', 'cache-control', 'content-encoding', 'content-range'],
  ...['content-length', 'content-type', 'last-modified', 'location', 'vary', 'x-path', 'x-size'],
];

export async function observe(
  start: Pair['startOurs'],
  { title, target, method = 'GET', fields = {}, options = {}, tree = 'root' }: Case,
  trees: Trees,
): Promise<Observation> {
  const releases: Array<() => unknown> = [];
  const scope = { teardown: (release: () => unknown) => releases.push(release) };
  try {
    const address = await start(scope, trees[tree], options as PeerOptions);
    const sent = await withEtag(address, target, fields);
    return observed(await request(address, target, { method, fields: sent }), title);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { status: `throws ${code ?? message}` };
  } finally {
    for (const release of releases) await release();
  }
}

/** `ETAG` stands for the server's own; one that sends none is asked for its like. */
async function withEtag(
  address: Address,
  target: string,
  fields: NonNullable<Case['fields']>,
): Promise<NonNullable<Case['fields']>> {
  if (!JSON.stringify(fields).includes('ETAG')) return fields;
  const etag = (await request(address, target)).field('etag') ?? '"none"';
  const fill = (value: string) =>
    value.replace('W/ETAG', `W/${etag.replace(/^W\//, '')}`).replace('ETAG', etag);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? fill(value) : value,
    ]),
  );
}

function observed(answer: Answer, title: string): Observation {
  const { status } = answer;
  if (status === 599) return { status: 'throws' };
  const seen: Record<string, string> = { status: `${status}` };
  const isFile = status === 200 || status === 206 || status === 304;
  const text = answer.body.toString();
  const isHosts = /^(?:next|error )/.test(text);
  if (isFile || isHosts) seen.body = bodyOf(answer, title);
  for (const name of FIELDS) {
    if (
      isHosts ||
      (!isFile &&
        /^(?:content-(?:length|type)|cache-control|accept-ranges|last-modified|vary|x-)/.test(name))
    )
      continue;
    // `a;b` and `a; b` are the same to every reader.
    seen[name] = (answer.field(name) ?? 'none').replace(/([;,])\s*/g, '$1 ');
  }
  if (isFile) seen.etag = kindOf(answer.field('etag'));
  if (/multipart/.test(seen['content-type'] ?? '')) {
    seen['content-type'] = 'multipart';
    seen.body = seen['content-length'] = 'parts';
  }
  return seen;
}

function bodyOf({ body }: Answer, title: string): string {
  const text = body.toString('latin1');
  if (title.startsWith('HEAD') || body.length === 0) return text;
  return /^[\x20-\x7e]{1,60}$/.test(text)
    ? text
    : `${body.length} bytes ${createHash('sha1').update(body).digest('hex').slice(0, 8)}`;
}

function kindOf(etag: string | undefined): string {
  if (etag === undefined) return 'none';
  return etag.startsWith('W/') ? 'weak' : 'strong';
}

/** What differs. Where the statuses do, everything else does by itself. */
export function differencesOf(
  ours: Observation,
  theirs: Observation,
): ReadonlyArray<{ readonly aspect: string; readonly ours: string; readonly theirs: string }> {
  const aspects = ours.status === theirs.status ? Object.keys({ ...ours, ...theirs }) : ['status'];
  return aspects
    .map((aspect) => ({
      aspect,
      ours: ours[aspect] ?? 'none',
      theirs: theirs[aspect] ?? 'none',
    }))
    .filter((each) => each.ours !== each.theirs);
}
