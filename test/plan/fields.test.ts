import t from 'tap';
import { without } from '../../src/http/field-list.ts';
import {
  contentRange,
  lastModifiedOf,
  type RepresentationInput,
  representationFields,
} from '../../src/plan/fields.ts';
import { compileRules, type RulesConfig } from '../../src/rules/fields.ts';
import { NO_RULES } from '../support/rules.ts';
import { ETAG, field, LAST_MODIFIED } from './given.ts';

function fieldsOf(config: Partial<RulesConfig> = {}, input: Partial<RepresentationInput> = {}) {
  return representationFields(
    {
      path: 'docs/page.html',
      built: false,
      contentType: 'text/html; charset=utf-8',
      coding: 'identity',
      encoding: 'identity',
      etag: ETAG,
      lastModified: LAST_MODIFIED,
      varies: false,
      variesByDictionary: false,
      acceptRanges: 'bytes',
      hash: undefined,
      ...input,
    },
    compileRules({ ...NO_RULES, ...config }),
  );
}

t.test('the fields of a file without any rule', (t) => {
  t.same(fieldsOf(), {
    fields: ['Accept-Ranges', 'bytes', 'ETag', ETAG, 'Last-Modified', LAST_MODIFIED],
    contentFields: ['Content-Type', 'text/html; charset=utf-8'],
    digestFields: [],
  });
  t.end();
});

t.test('a digest stands by itself, unless a rule has another word for it', (t) => {
  const digestOf = (headers: RulesConfig['headers']) =>
    fieldsOf({ headers }, { hash: 'aGFzaA==' }).digestFields;
  t.same(digestOf({}), ['Repr-Digest', 'sha-256=:aGFzaA==:']);
  t.same(digestOf({ '**': { 'Repr-Digest': null } }), []);
  const { fields, digestFields } = fieldsOf({ headers: { '**': { 'Repr-Digest': 'md5=:eA==:' } } });
  t.same([field(fields, 'repr-digest'), digestFields], ['md5=:eA==:', []], 'without the option');
  t.end();
});

t.test('what is off is absent', (t) => {
  const { fields } = fieldsOf(
    {},
    { etag: undefined, lastModified: undefined, acceptRanges: undefined },
  );
  t.same(fields, []);
  t.same(
    fieldsOf({}, { acceptRanges: 'none' }).fields.slice(0, 2),
    ['Accept-Ranges', 'none'],
    'maxRanges 0',
  );
  t.end();
});

t.test('Vary only where there are variants, on each of them', (t) => {
  t.equal(field(fieldsOf().fields, 'vary'), undefined);
  t.equal(field(fieldsOf({}, { varies: true }).fields, 'vary'), 'Accept-Encoding');
  const { fields, contentFields } = fieldsOf({}, { varies: true, coding: 'br' });
  t.equal(field(fields, 'vary'), 'Accept-Encoding');
  t.equal(field(contentFields, 'content-encoding'), 'br');
  t.equal(field(fields, 'content-encoding'), undefined, 'a 304 does not repeat it');
  t.end();
});

t.test('Vary names all that the answer varies by', (t) => {
  const { fields } = fieldsOf({ cors: ['https://a.example'] }, { varies: true });
  t.equal(field(fields, 'vary'), 'Origin, Accept-Encoding');
  t.end();
});

t.test('rules may set content fields, which a 304 leaves out', (t) => {
  const headers = {
    '*.html': {
      'content-type': 'application/xhtml+xml',
      'Content-Language': 'de',
      'Content-Disposition': 'attachment',
      'Content-Security-Policy': "default-src 'self'",
    },
  };
  const { fields, contentFields } = fieldsOf({ headers });
  t.same(contentFields, [
    ...['content-type', 'application/xhtml+xml', 'Content-Language', 'de'],
    ...['Content-Disposition', 'attachment'],
  ]);
  t.equal(field(fields, 'content-security-policy'), "default-src 'self'");
  t.end();
});

t.test(
  '§8.8.2.1: Last-Modified is never in the future, nor the time of those that have none',
  (t) => {
    const now = Date.UTC(2026, 0, 1);
    const cases: ReadonlyArray<readonly [mtimeMs: number, value: string | undefined]> = [
      [784_111_777_000, LAST_MODIFIED],
      [784_111_777_999.75, LAST_MODIFIED],
      [2000, 'Thu, 01 Jan 1970 00:00:02 GMT'],
      [1000, undefined],
      [0, undefined],
      [now, 'Thu, 01 Jan 2026 00:00:00 GMT'],
      [now + 1, undefined],
      [-1, undefined],
      [Number.NaN, undefined],
      [Number.POSITIVE_INFINITY, undefined],
    ];
    for (const [mtimeMs, value] of cases)
      t.equal(lastModifiedOf(mtimeMs, now), value, `${mtimeMs}`);
    t.end();
  },
);

t.test('§14.4: Content-Range is inclusive in text', (t) => {
  t.equal(contentRange({ start: 0, end: 1 }, 1000), 'bytes 0-0/1000');
  t.equal(contentRange({ start: 995, end: 1000 }, 1000), 'bytes 995-999/1000');
  t.end();
});

t.test('a list without some of its fields', (t) => {
  t.same(without(['ETag', '"a"', 'Vary', 'x', 'etag', '"b"'], new Set(['etag'])), ['Vary', 'x']);
  t.end();
});
