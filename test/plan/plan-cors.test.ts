import t from 'tap';
import type { RequestFields } from '../../src/plan/request.ts';
import { type Answer, answer, ETAG, everyResolution, field, found } from './given.ts';

t.test('CORS: any origin', (t) => {
  const any = { cors: ['*'], common: ['Access-Control-Allow-Origin', '*'] };
  const fields = { origin: 'https://a.example' };
  for (const resolution of everyResolution()) {
    if (resolution.kind === 'file') continue; // its own fields have them, by representationFields
    const got = answer(fields, resolution, any);
    t.equal(field(got.fields, 'access-control-allow-origin'), '*', resolution.kind);
  }
  t.end();
});

t.test('CORS: origins on the list are reflected, on every answer; others are not', (t) => {
  const listed = { cors: ['https://a.example', 'https://b.example'], common: ['Vary', 'Origin'] };
  const requests: readonly RequestFields[] = [
    ...[{}, { range: 'bytes=0-0' }, { range: 'bytes=0-0,9-9' }, { range: 'bytes=5000-' }],
    ...[{ 'if-none-match': ETAG }, { 'if-match': '"x"' }],
  ];
  const allowed = (got: Answer) => field(got.fields, 'access-control-allow-origin');
  for (const resolution of everyResolution()) {
    for (const fields of requests) {
      const with_ = (origin: string) => answer({ ...fields, origin }, resolution, listed);
      const why = `${resolution.kind} ${JSON.stringify(fields)}`;
      t.equal(allowed(with_('https://b.example')), 'https://b.example', why);
      t.equal(allowed(with_('https://c.example')), undefined, why);
      t.equal(allowed(with_('null')), undefined, why);
    }
    t.equal(allowed(answer({}, resolution, listed)), undefined, 'no Origin');
  }
  t.end();
});

t.test('CORS: the preflight', (t) => {
  const preflight = {
    origin: 'https://a.example',
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'range',
  };
  const any = { cors: ['*'], common: ['Access-Control-Allow-Origin', '*'] };
  const got = answer(preflight, found(), any, 'OPTIONS');
  t.equal(got.status, 204);
  t.equal(field(got.fields, 'access-control-allow-origin'), '*');
  t.equal(field(got.fields, 'access-control-allow-methods'), 'GET, HEAD, OPTIONS');
  t.equal(field(got.fields, 'access-control-allow-headers'), '*');
  t.equal(field(got.fields, 'access-control-max-age'), '86400');

  const listed = { cors: ['https://a.example'], common: ['Vary', 'Origin'] };
  t.equal(
    field(answer(preflight, found(), listed, 'OPTIONS').fields, 'access-control-allow-origin'),
    'https://a.example',
  );
  const stranger = { ...preflight, origin: 'https://c.example' };
  t.equal(
    field(answer(stranger, found(), listed, 'OPTIONS').fields, 'access-control-allow-origin'),
    undefined,
  );
  t.equal(
    field(answer(preflight, found(), {}, 'OPTIONS').fields, 'access-control-allow-methods'),
    undefined,
    'off',
  );
  t.end();
});
