import t from 'tap';
import { reasonPhrase } from '../../src/http/phrases.ts';
import { errorPlan, statusOfErrno, statusPage } from '../../src/plan/errors.ts';
import { field } from './given.ts';

const STATUSES = [400, 401, 403, 404, 405, 408, 412, 413, 414, 416, 431, 500, 501, 503, 505];

t.test('each error has a small page that names it, in ASCII, with its exact length', (t) => {
  for (const status of STATUSES) {
    const { fields, body } = statusPage(status);
    t.match(reasonPhrase(status), /^[A-Z][A-Za-z ]+$/, `${status} has a phrase`);
    t.ok(body.includes(`<h1>${status} ${reasonPhrase(status)}</h1>`), `${status} is named`);
    t.match(body, /^[\n\x20-\x7e]+$/, `${status} is ASCII`);
    t.ok(body.length < 400, `${status} is small`);
    t.equal(field(fields, 'content-length'), String(body.length));
    t.equal(field(fields, 'content-type'), 'text/html; charset=utf-8');
    t.equal(field(fields, 'cache-control'), 'no-store');
  }
  t.end();
});

t.test('a page loads and runs nothing', (t) => {
  t.notMatch(statusPage(404).body, /<script|<link|<style|style=|src=|href=|\son\w+=/);
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
