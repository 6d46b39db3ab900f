// The pure parts under mutated text: targets, ranges, codings, preconditions, and options as a user may write them.
import t from 'tap';
import { parseTarget } from '../../src/http/target.ts';
import { OPTIONS, resolveOptions } from '../../src/options/options.ts';
import { OptionError } from '../../src/options/table.ts';
import { plan } from '../../src/plan/plan.ts';
import type { RequestFields } from '../../src/plan/request.ts';
import { times } from '../faults/effort.ts';
import {
  ETAG,
  field,
  file,
  found,
  get,
  LAST_MODIFIED,
  NOW,
  policy,
  variant,
} from '../plan/given.ts';
import {
  cases,
  FIELD_PIECES,
  mutate,
  PATH_PIECES,
  pick,
  randomOf,
  replay,
  seed,
} from './mutate.ts';

t.comment(`seed ${seed}`);

const SIZE = 1000;
const RESOURCE = found(file(), [variant({ coding: 'br' }), variant({ coding: 'gzip' })]);

const FIELDS: readonly RequestFields[] = [
  { range: 'bytes=0-99' },
  { range: 'bytes=-5,0-0,990-', 'if-range': ETAG },
  { range: 'bytes=0-0', 'if-range': LAST_MODIFIED },
  { 'accept-encoding': 'gzip;q=0.5, br;q=1.0, identity;q=0' },
  { 'accept-encoding': '*;q=0', 'if-none-match': `W/${ETAG}, "other"` },
  { 'if-match': `"a", ${ETAG}`, 'if-unmodified-since': LAST_MODIFIED },
  { 'if-modified-since': LAST_MODIFIED, range: 'bytes=5-2' },
];

t.test('mutated fields: every plan is one that may be sent', async (t) => {
  const count = times(100_000, 3_000_000);
  const statuses = new Map<number, number>();
  for (const number of cases(count)) {
    const random = randomOf(number);
    const given = pick(FIELDS, random);
    const [name, value = ''] = pick(Object.entries(given), random);
    const fields = { ...given, [name]: mutate(value, FIELD_PIECES, random) };
    const answer = plan(get(fields), RESOURCE, policy(), NOW);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (!isSound(answer)) t.fail(`${JSON.stringify(fields)}: ${replay(number)}`);
  }
  t.ok([...statuses.keys()].every((status) => [200, 206, 304, 406, 412, 416].includes(status)));
  const seen = [...statuses].map(([status, n]) => `${n} × ${status}`).join(', ');
  t.comment(`${count} mutated fields: ${seen}`);
});

/** A range that is announced lies within the file and is as long as it says. */
function isSound(answer: ReturnType<typeof plan>): boolean {
  const range = field(answer.fields, 'content-range');
  if (answer.status === 416) return range === `bytes */${SIZE}`;
  if (answer.status !== 206) return range === undefined;
  const { body } = answer;
  if (!('file' in body)) return false;
  const size = body.file.size;
  if (range === undefined)
    return /^multipart\/byteranges;/.test(field(answer.fields, 'content-type') ?? '');
  const [, first, last, of] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range)?.map(Number) ?? [];
  if (first === undefined || last === undefined || of !== size) return false;
  const length = Number(field(answer.fields, 'content-length'));
  return first <= last && last < size && length === last - first + 1;
}

t.test('mutated targets: every path is absolute, decoded once, without a way up', async (t) => {
  const corpus = ['/a/b.html?x=1', '/%61/../b', '/a%2Fb', 'http://host/a', '*', '/ü', '/a//b/./c/'];
  const count = times(200_000, 5_000_000);
  let paths = 0;
  for (const number of cases(count)) {
    const random = randomOf(number);
    const target = parseTarget(mutate(pick(corpus, random), PATH_PIECES, random));
    if (target.kind !== 'path') continue;
    paths++;
    const parts = target.path.split('/');
    const sound = parts[0] === '' && !parts.includes('..') && !target.path.includes('\0');
    if (!sound) t.fail(`${JSON.stringify(target)}: ${replay(number)}`);
  }
  t.comment(`${count} mutated targets, ${paths} of them paths`);
});

t.test('mutated options: an OptionError or options, nothing else', async (t) => {
  const values = [
    0,
    -1,
    1.5,
    1e21,
    Number.NaN,
    '',
    '1k',
    '10s',
    'auto',
    'true',
    null,
    [],
    {},
    [{}],
    true,
  ];
  const names = [...Object.keys(OPTIONS), '__proto__', 'constructor', 'toString'];
  const rules = [
    { '**/*.html': 'no-cache' },
    { '**': { 'X-A': '1', 'X-B': null } },
    [{ from: '/a', to: '/b', status: 301 }],
    [{ from: '/:x*', to: '/$1' }],
  ];
  const pieces = [
    ...PATH_PIECES,
    ...FIELD_PIECES,
    '{',
    '[',
    '(',
    '**',
    ':x*',
    '\r\n',
    'k',
    's',
    '-',
  ];
  const count = times(30_000, 500_000);
  let refused = 0;
  for (const number of cases(count)) {
    const random = randomOf(number);
    const value = (): unknown => {
      switch (random(3)) {
        case 0:
          return pick(values, random);
        case 1:
          return mutate(String(pick(values, random)), pieces, random);
        default:
          return parsed(mutate(JSON.stringify(pick(rules, random)), pieces, random));
      }
    };
    const input = Object.fromEntries(
      Array.from({ length: 1 + random(3) }, () => [mutated(pick(names, random), random), value()]),
    );
    try {
      resolveOptions(input);
    } catch (error) {
      refused++;
      if (!(error instanceof OptionError)) t.fail(`${error}: ${replay(number)}`);
    }
  }
  t.comment(`${count} mutated configurations, ${refused} refused with an OptionError`);

  function mutated(name: string, random: (bound: number) => number): string {
    return random(10) === 0 ? mutate(name, pieces, random) : name;
  }
});

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
