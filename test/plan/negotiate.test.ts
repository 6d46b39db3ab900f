import fc from 'fast-check';
import t from 'tap';
import {
  isNavigation,
  missingCoding,
  parsePreferences,
  prefersJson,
  selectRepresentation,
} from '../../src/plan/negotiate.ts';
import type { Coding } from '../../src/plan/types.ts';
import { file, variant } from './given.ts';

/** Sizes: zstd < br < gzip < identity, so that preference by size and by listing differ. */
const ALL = {
  identity: file({ size: 1000 }),
  variants: [
    variant({ coding: 'gzip', size: 500 }),
    variant({ coding: 'br', size: 400 }),
    variant({ coding: 'zstd', size: 300 }),
  ],
};
const GZIP = { ...ALL, variants: ALL.variants.slice(0, 1) };
const NONE = { ...ALL, variants: [] };

t.test('RFC 9110 §12.5.3: the coding that Accept-Encoding prefers', (t) => {
  const cases: ReadonlyArray<
    readonly [value: string | undefined, coding: Coding, why?: string, resource?: typeof ALL]
  > = [
    // The RFC's examples
    ['compress, gzip', 'gzip'],
    ['', 'identity', 'empty: no coding wanted'],
    ['*', 'zstd', 'anything: the smallest'],
    ['compress;q=0.5, gzip;q=1.0', 'gzip'],
    ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
    // Absent, and browsers
    [undefined, 'identity', 'only identity is understood for sure'],
    ['gzip, deflate, br, zstd', 'zstd', 'Chrome, Firefox'],
    ['gzip, deflate, br', 'br', 'Safari'],
    ['gzip, deflate', 'gzip', 'browsers over plain HTTP'],
    ['gzip, deflate, br', 'gzip', 'what there is', GZIP],
    ['gzip, deflate, br, zstd', 'identity', 'nothing there', NONE],
    // Weights
    ['br;q=0.1, gzip;q=0.9', 'gzip', 'weight before size'],
    ['gzip;q=0.5, br;q=0.5', 'br', 'equal: the smaller'],
    ['br;q=1, gzip', 'br', 'no weight is 1'],
    ['gzip;q=0.001', 'gzip', 'an identity that is not mentioned comes last'],
    ['gzip;q=0.5, identity', 'identity'],
    ['gzip;q=0.5, identity;q=0.4', 'gzip'],
    ['gzip, identity', 'gzip', 'equal: the smaller'],
    ['gzip;q=0.5, *;q=0.6', 'zstd'],
    ['gzip;q=0.6, *;q=0.5', 'gzip'],
    ['br;q=0.3, *;q=0.3', 'zstd', '* is for all others'],
    ['zstd;q=0, *', 'br'],
    // Refusals
    ['gzip;q=0', 'identity'],
    ['gzip;q=0, br;q=0.0, zstd;q=0.000', 'identity'],
    ['*;q=0', 'identity', 'nothing acceptable: identity all the same'],
    ['identity;q=0', 'identity', 'the others are not mentioned: identity all the same'],
    ['identity;q=0, gzip', 'gzip'],
    ['identity;q=0, *', 'zstd'],
    ['*;q=0, gzip;q=0.1', 'gzip'],
    ['*;q=0, identity', 'identity'],
    ['identity;q=0, gzip', 'identity', 'no gzip there', NONE],
    ['deflate', 'identity', 'not one of ours'],
    // Names
    ['x-gzip', 'gzip', '§8.4.1.3'],
    ['X-GZIP;Q=0.5', 'gzip', 'case-insensitive'],
    ['GZip', 'gzip'],
    ['gzipped', 'identity'],
    ['brotli', 'identity'],
    ['zstd', 'zstd'],
    ['zstd', 'identity', 'no zstd there', GZIP],
    // Grammar
    [' gzip ', 'gzip'],
    ['gzip ; q=0.5', 'gzip'],
    ['gzip;\tq=0.5', 'gzip'],
    [', ,gzip,', 'gzip', 'empty elements'],
    ['gzip;q=2', 'identity', 'no weight: the element does not count'],
    ['gzip;q=-1', 'identity'],
    ['gzip;q=0.1234', 'identity'],
    ['gzip;q=1.001', 'identity'],
    ['gzip;q=', 'identity'],
    ['gzip;q=abc', 'identity'],
    ['gzip;q=.5', 'identity'],
    ['gzip;q=1.', 'gzip', 'a dot without digits is in the grammar'],
    ['gzip br', 'identity', 'no token'],
    ['gzip;q=x, br;q=0.1', 'br', 'the others still count'],
    ['"gzip"', 'identity'],
    ['gzip;q=0, gzip', 'identity', 'the first of two counts'],
  ];
  for (const [value, coding, why = '', resource = ALL] of cases) {
    t.equal(
      selectRepresentation(value, resource).coding,
      coding,
      `${JSON.stringify(value)} ${why}`,
    );
  }
  t.end();
});

t.test('a variant that is larger than the file is sent only where it is preferred', (t) => {
  const resource = {
    identity: file({ size: 10 }),
    variants: [variant({ coding: 'gzip', size: 30 })],
  };
  t.equal(selectRepresentation('gzip, *', resource).coding, 'identity');
  t.equal(selectRepresentation('gzip, identity', resource).coding, 'identity');
  t.equal(selectRepresentation('gzip', resource).coding, 'gzip');
  t.equal(selectRepresentation('gzip;q=0.9, identity;q=0.8', resource).coding, 'gzip');
  t.end();
});

t.test('property: any Accept-Encoding gets an allowed coding, or identity', (t) => {
  const weight = fc.constantFrom('', ';q=0', ';q=0.0', ';q=0.3', ';q=0.8', ';q=1', '; q=0.5');
  const name = fc.constantFrom('gzip', 'x-gzip', 'br', 'zstd', 'identity', '*', 'deflate');
  const list = fc
    .uniqueArray(name, { maxLength: 7 })
    .chain((names) =>
      fc
        .array(weight, { minLength: names.length, maxLength: names.length })
        .map((weights) => names.map((n, at) => [n, weights[at] ?? ''] as const)),
    );
  const weightIn = (asked: ReadonlyArray<readonly [string, string]>, coding: string) => {
    const entry =
      asked.find(([n]) => n === coding || (coding === 'gzip' && n === 'x-gzip')) ??
      asked.find(([n]) => n === '*');
    if (entry === undefined) return coding === 'identity' ? 1e-9 : 0;
    return entry[1] === '' ? 1 : Number(entry[1].replace(/^;\s*q=/, ''));
  };
  fc.assert(
    fc.property(list, fc.subarray([...ALL.variants]), (asked, variants) => {
      const value = asked.map(([n, w]) => n + w).join(', ');
      const chosen = selectRepresentation(value, { ...ALL, variants });
      const there = [ALL.identity, ...variants];
      const best = Math.max(...there.map(({ coding }) => weightIn(asked, coding)));
      if (best === 0) return chosen === ALL.identity;
      const smallest = there
        .filter(({ coding }) => weightIn(asked, coding) === best)
        .reduce((a, b) => (b.size < a.size ? b : a));
      return chosen === smallest;
    }),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(fc.string(), (value) => {
      return [ALL.identity, ...ALL.variants].includes(selectRepresentation(value, ALL));
    }),
  );
  t.end();
});

t.test('§12.5.1: JSON is for clients that would rather have it', (t) => {
  const cases: ReadonlyArray<readonly [accept: string | undefined, json: boolean]> = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['application/json', true],
    ['APPLICATION/JSON', true],
    ['application/json; charset=utf-8', true],
    ['application/json;q=0.9, text/html;q=0.8', true],
    ['application/json;q=0.8, text/html;q=0.9', false],
    ['application/json, text/html', false],
    ['application/json, */*;q=0.1', true],
    ['application/*', true],
    ['application/*;q=0.5, text/*;q=0.4', true],
    ['*/*;q=0.5, text/html;q=0.4', true],
    ['application/json;q=0', false],
    ['application/json;q=x', false],
    ['application/ld+json', false],
    ['application/json;version=2', false],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8', false],
  ];
  for (const [accept, json] of cases) t.equal(prefersJson(accept), json, String(accept));
  t.end();
});

t.test('§12.5.1: who takes HTML for a path that looks like no file', (t) => {
  const cases: ReadonlyArray<readonly [accept: string | undefined, html: boolean]> = [
    [undefined, true],
    ['text/html', true],
    ['text/html;charset=utf-8', true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/*', true],
    ['*/*', true],
    ['*/*;q=0.1', true],
    ['application/json', false],
    ['application/json, text/plain, */*', true],
    ['image/avif,image/webp,image/*', false],
    ['text/css', false],
    ['text/html;q=0', false],
    ['text/html;q=0, */*', false],
    ['text/*;q=0, */*', false],
    ['*/*;q=0', false],
    ['', false],
    ['*', false],
    ['text/html;level=1', false],
  ];
  for (const [accept, html] of cases)
    t.equal(isNavigation({ accept }, false), html, String(accept));
  t.end();
});

t.test('what is the load of a page, whatever its path looks like', (t) => {
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const cases: ReadonlyArray<
    readonly [dest: string | undefined, accept: string | undefined, dotted: boolean, is: boolean]
  > = [
    ['document', browser, true, true],
    ['document', undefined, true, true],
    ['iframe', '*/*', true, true],
    [undefined, browser, true, true],
    [undefined, 'text/html', true, true],
    [undefined, 'text/html;q=0, */*', true, false],
    [undefined, '*/*', true, false],
    [undefined, 'text/*', true, false],
    [undefined, undefined, true, false],
    ['empty', '*/*', true, false],
    ['empty', '*/*', false, true],
    ['empty', 'text/html, application/xhtml+xml', true, true],
    ['empty', 'application/json', false, false],
    ['script', '*/*', false, false],
    ['style', 'text/css,*/*;q=0.1', false, false],
    ['image', 'image/avif,image/webp,*/*;q=0.8', false, false],
    ['font', '*/*', true, false],
    ['of the future', '*/*', false, true],
  ];
  for (const [dest, accept, dotted, is] of cases) {
    const fields = { 'sec-fetch-dest': dest, accept };
    t.equal(isNavigation(fields, dotted), is, `${dest}, ${accept}, ${dotted ? 'a.b' : 'a'}`);
  }
  t.end();
});

t.test('§12.5.1: the weights of the RFC’s example', (t) => {
  const accept = 'text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, */*;q=0.5';
  t.same(parsePreferences(accept), [
    { name: 'text/*', parameters: '', weight: 0.3 },
    { name: 'text/plain', parameters: '', weight: 0.7 },
    { name: 'text/plain', parameters: 'format=flowed', weight: 1 },
    { name: '*/*', parameters: '', weight: 0.5 },
  ]);
  t.end();
});

t.test('of what could be made, the client would rather have', async (t) => {
  const all = ['br', 'zstd', 'gzip'] as const;
  const table: ReadonlyArray<
    readonly [accept: string | undefined, has: readonly Coding[], missing: Coding | undefined]
  > = [
    [undefined, [], undefined],
    ['', [], undefined],
    ['br, gzip', [], 'br'],
    ['gzip, deflate', [], 'gzip'],
    ['*', [], 'br'],
    ['br;q=0.5, gzip', [], 'gzip'],
    ['br;q=0, *', [], 'zstd'],
    ['identity, gzip;q=0.5', [], undefined],
    ['identity;q=0.5, gzip', [], 'gzip'],
    ['deflate', [], undefined],
    ['br, gzip', ['br'], undefined],
    ['gzip', ['br'], 'gzip'],
    ['br, gzip', ['gzip'], 'br'],
  ];
  for (const [accept, has, missing] of table) {
    const variants = has.map((coding) => variant({ coding }));
    const found = missingCoding(accept, { ...NONE, variants }, all);
    t.equal(found, missing, `${accept} with ${has.join() || 'none'}`);
  }
});
