import { createHash } from 'node:crypto';
import t from 'tap';
import { reasonPhrase } from '../../src/http/phrases.ts';
import {
  CONTENT_SECURITY_POLICY,
  errorPlan,
  statusOfErrno,
  statusPage,
} from '../../src/plan/errors.ts';
import { STYLE } from '../../src/plan/page-style.ts';
import { field } from './given.ts';

const STATUSES = [400, 401, 403, 404, 405, 408, 412, 413, 414, 416, 431, 500, 501, 503, 505];

t.test('each error has a small page that names it, in ASCII, with its exact length', (t) => {
  for (const status of STATUSES) {
    const { fields, body } = statusPage(status);
    t.match(reasonPhrase(status), /^[A-Z][A-Za-z ]+$/, `${status} has a phrase`);
    t.ok(body.includes(`<h1>${status} ${reasonPhrase(status)}</h1>`), `${status} is named`);
    t.match(body, /^[\n\x20-\x7e]+$/, `${status} is ASCII`);
    t.ok(body.length < 1400, `${status} is small`);
    t.equal(field(fields, 'content-length'), String(body.length));
    t.equal(field(fields, 'content-type'), 'text/html; charset=utf-8');
    t.equal(field(fields, 'cache-control'), 'no-store');
    t.equal(field(fields, 'content-security-policy'), CONTENT_SECURITY_POLICY);
  }
  t.end();
});

t.test('a page loads and runs nothing; its policy lets the stylesheet count', (t) => {
  const { body } = statusPage(404);
  t.notMatch(body, /<script|<link|style=|src=|href=|\son\w+=/);
  t.equal(/<style>([\s\S]*)<\/style>/.exec(body)?.[1], STYLE);
  const hash = createHash('sha256').update(STYLE).digest('base64');
  t.ok(CONTENT_SECURITY_POLICY.includes(`style-src 'sha256-${hash}';`));
  t.match(CONTENT_SECURITY_POLICY, /^default-src 'none'/);
  t.notMatch(CONTENT_SECURITY_POLICY, /unsafe|script-src|img-src/);
  t.end();
});

t.test('the page of a redirect is small, and may be stored', (t) => {
  const { body, fields } = statusPage(301);
  t.ok(body.length < 400);
  t.same(
    fields.filter((_, at) => at % 2 === 0),
    ['Content-Type', 'Content-Length'],
  );
  t.end();
});

t.test('a page is made once, whatever is asked for', (t) => {
  t.equal(statusPage(404), statusPage(404));
  t.not(statusPage(404), statusPage(404, 'listing'));
  t.end();
});

t.test('a folder without an index: the advice is the only difference', (t) => {
  t.match(statusPage(404, 'listing').body, /no index page[^<]*<code>--listing<\/code>/);
  t.notMatch(statusPage(404).body, /--listing/);
  t.same(
    errorPlan(404, ['X', '1'], 'listing').fields.filter((value) => !/^\d+$/.test(value)),
    errorPlan(404, ['X', '1']).fields.filter((value) => !/^\d+$/.test(value)),
  );
  t.end();
});

/** WCAG 2.2, "relative luminance" and "contrast ratio". */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map(luminance).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

function luminance(colour: string): number {
  const digits = colour.length === 4 ? colour.replace(/[^#]/g, '$&$&') : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

t.test('text has a contrast of 4.5 on the page and on its card, light and dark', (t) => {
  const pairOf = (name: string) =>
    new RegExp(`[;{]${name}:light-dark\\((#\\w+),(#\\w+)\\)`).exec(STYLE)?.slice(1) ?? [];
  for (const ground of ['background', '--card']) {
    for (const ink of ['color', '--quiet', '--link']) {
      for (const [at, scheme] of ['light', 'dark'].entries()) {
        const ratio = contrast(pairOf(ink)[at] ?? '', pairOf(ground)[at] ?? '');
        t.ok(ratio >= 4.5, `${ink} on ${ground}, ${scheme}: ${ratio.toFixed(1)}`);
      }
    }
  }
  t.end();
});

t.test('a status without a phrase still has a page', (t) => {
  t.equal(reasonPhrase(599), '');
  t.match(statusPage(599).body, /<h1>599<\/h1>/);
  t.end();
});

t.test('the page as an answer, extra fields last', (t) => {
  const answer = errorPlan(405, ['Allow', 'GET']);
  t.equal(answer.status, 405);
  t.same(answer.fields.slice(-2), ['Allow', 'GET']);
  t.equal(answer.close, false);
  t.equal(answer.memo, undefined);
  t.equal(answer.body.kind, 'bytes');
  if (answer.body.kind === 'bytes') {
    t.equal(new TextDecoder().decode(answer.body.bytes), statusPage(405).body);
  }
  t.end();
});

t.test('the server’s own failures: exhausted is 503, all else 500', (t) => {
  for (const errno of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']) t.equal(statusOfErrno(errno), 503);
  for (const errno of ['EIO', 'ESTALE', 'EFBIG', '', 'x']) t.equal(statusOfErrno(errno), 500);
  t.end();
});
