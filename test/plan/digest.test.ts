// Digests in plans: which answers have one, what Want-Repr-Digest and Want-Content-Digest say, and what is repeated. RFC 9530.
import t from 'tap';
import type { RequestFields } from '../../src/plan/request.ts';
import type { Plannable, Representation } from '../../src/plan/types.ts';
import { answer, ETAG, field, file, found, page, variant } from './given.ts';

const REPR = 'sha-256=:b3du:';
/** Repeated from the first answer on. */
const kept = { cached: true };
const own = file({ ...kept, digestFields: ['Repr-Digest', REPR] });
const coded = variant({ ...kept, coding: 'br', digestFields: ['Repr-Digest', 'sha-256=:YnI=:'] });
const both = found(own, [coded]);

function ask(
  fields: RequestFields = {},
  resolution: Plannable<Representation> = both,
  method = 'GET',
) {
  return answer(fields, resolution, { digest: true }, method);
}

const digest = (plan: ReturnType<typeof ask>) => field(plan.fields, 'repr-digest');

t.test('each answer has the digest of the representation that it is of', async (t) => {
  for (const [title, fields, status, wanted] of [
    ['the whole', {}, 200, REPR],
    ['a coding', { 'accept-encoding': 'br' }, 200, 'sha-256=:YnI=:'],
    ['a range', { range: 'bytes=0-9' }, 206, REPR],
    ['several', { range: 'bytes=0-9,20-29' }, 206, REPR],
    ['a 304', { 'if-none-match': ETAG }, 304, undefined],
    ['a 412', { 'if-match': '"x"' }, 412, undefined],
    ['a 416', { range: 'bytes=5000-' }, 416, undefined],
  ] as const) {
    // A HEAD has no ranges.
    const methods = 'range' in fields ? ['GET'] : ['GET', 'HEAD'];
    for (const method of methods) {
      const plan = ask(fields, both, method);
      t.equal(plan.status, status, title);
      t.equal(digest(plan), wanted, `${title}, ${method}`);
    }
  }
  const missing = ask({ 'if-none-match': ETAG }, found(own, [], 404));
  t.same([missing.status, digest(missing)], [404, REPR], 'appendix B.10: of the page');
  t.equal(digest(ask({}, { kind: 'not-found' })), undefined, 'a page of ours');
});

t.test('no part of several repeats it', async (t) => {
  const { body } = ask({ range: 'bytes=0-9,20-29' });
  if (body.kind !== 'parts') throw new Error(body.kind);
  t.notMatch(body.parts.map(({ head }) => head).join(), /digest/i);
});

t.test('a listing has one of its page', async (t) => {
  t.equal(digest(ask({}, page({ hash: 'cGFnZQ==' }))), 'sha-256=:cGFnZQ==:');
  const fields = { 'want-repr-digest': 'sha-256=0' };
  t.equal(digest(ask(fields, page({ hash: 'cGFnZQ==' }))), undefined);
  t.equal(digest(ask({ 'if-none-match': ETAG }, page({ hash: 'cGFnZQ==' }))), undefined, '304');
});

t.test('what a client wants', async (t) => {
  for (const [want, isRepr, isContent] of [
    [undefined, true, false],
    ['sha-256=1', true, true],
    ['sha-256=10, sha-512=3', true, true],
    ['sha-256=0', false, false],
    ['sha-512=5, sha-256=0', false, false],
    ['sha-256=0, sha-256=2', true, true],
    ['sha-256=0;x=1', false, false],
    // Of other algorithms alone: appendix C.2.
    ['sha-512=10', true, false],
    ['sha=10', true, false],
    ['', true, false],
    // No dictionary of integers from 0 to 10: as if it were not there.
    ...['sha-256', 'sha-256=11', 'sha-256=-1', 'sha-256=0.5', 'sha-256="1"', 'sha-256=?1'],
    ...['sha-256=1,', 'SHA-256=1', 'sha-256=1 sha-512=1', 'sha-256;q=0', 'sha-256=0, md5=x'],
  ].map((row) => (typeof row === 'string' ? ([row, true, false] as const) : row)) as ReadonlyArray<
    readonly [string | undefined, boolean, boolean]
  >) {
    const title = String(want);
    t.equal(digest(ask({ 'want-repr-digest': want })) !== undefined, isRepr, `repr: ${title}`);
    const { wantsDigest } = ask({ 'want-content-digest': want });
    t.equal(wantsDigest === true, isContent, `content: ${title}`);
  }
  t.equal(ask({ 'want-content-digest': 'sha-256=1' }, both, 'HEAD').wantsDigest, undefined);
});

t.test('what is repeated goes by what the client wants, where there are digests', async (t) => {
  const { memo } = ask({ 'want-repr-digest': 'sha-256=0' });
  t.same(memo?.guard, [['want-repr-digest', 'sha-256=0']]);
  t.ok(memo?.judged.includes('want-content-digest'));
  t.notMatch(memo?.notModified.join(), /digest/i);
  t.same(ask().memo?.guard, []);
  t.match(ask({ range: 'bytes=0-9' }).memo?.slices?.fields.join(), REPR);
  t.notMatch(
    ask({ range: 'bytes=0-9', 'want-repr-digest': 'sha-256=0' }).memo?.slices?.fields.join(),
    REPR,
  );
  for (const resolution of [both, page({ hash: 'cGFnZQ==' }), found(own, [], 404)]) {
    t.equal(ask({ 'want-content-digest': 'sha-256=1' }, resolution).memo, undefined);
  }
  const off = answer({ 'want-content-digest': 'sha-256=1' }, found(file(kept)));
  t.notOk(
    off.memo?.judged.some((name) => name.startsWith('want-')),
    'none, none is judged',
  );
  t.same([off.wantsDigest, off.memo?.guard], [undefined, []]);
});
