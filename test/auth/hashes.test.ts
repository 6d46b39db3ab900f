// Hashes of passwords, files of users, and the field that a client sends: as values.
import bcryptjs from 'bcryptjs';
import t from 'tap';
import { createBcrypt } from '../../src/auth/bcrypt.ts';
import { parseHash, verify } from '../../src/auth/hashes.ts';
import { parseUsers } from '../../src/auth/htpasswd.ts';
import { parseCredentials } from '../../src/http/credentials.ts';

const bcrypt = createBcrypt();
t.teardown(() => bcrypt.close());

/** By htpasswd -B and -s (Apache 2.4), by passlib, and RFC 7914 §12's third vector (of 64 bytes, in its base64). */
const HASHES = [
  ['htpasswd -B', 'secret', bcryptjs.hashSync('secret', 4).replace(/^\$2\w/, '$2y')],
  ['bcrypt, as libraries write it', 'sécret', bcryptjs.hashSync('sécret', 4)],
  ['htpasswd -s', 'password', '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g='],
  [
    'scrypt',
    'password',
    '$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA',
  ],
] as const;

t.test('the password of a hash, and no other', async (t) => {
  for (const [title, password, text] of HASHES) {
    const hash = parseHash(text);
    if (hash === undefined) {
      t.fail(title);
      continue;
    }
    t.equal(await verify(hash, password, bcrypt), true, title);
    for (const wrong of [`${password}x`, '', password.toUpperCase()]) {
      t.equal(await verify(hash, wrong, bcrypt), false, `${title}: ${wrong}`);
    }
  }
});

t.test('other hashes are none', async (t) => {
  for (const text of [
    'secret',
    '',
    'rqXexS6ZhobKA',
    '$apr1$hN9zP5Yz$7oLm5tQxPtvBmVYWcZCeC/',
    '$6$rounds=5000$abc$def',
    '{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
    '$2y$04$tooshort',
    bcryptjs.hashSync('a', 4).replace('$04$', '$31$'),
    '$scrypt$ln=30,r=8,p=1$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI',
    '$scrypt$ln=0,r=8,p=1$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWI',
  ]) {
    t.equal(parseHash(text), undefined, text);
  }
});

const SHA = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';

t.test('a file of users, or the line that cannot be used', async (t) => {
  const users = parseUsers(`# staff\n\nann:${SHA}\r\nbob smith:${SHA}:a comment\n`);
  t.same([...users.keys()], ['ann', 'bob smith']);
  t.throws(() => parseUsers(`ann:${SHA}\nbob:plain`), /^line 2: this kind of hash is not known/);
  t.throws(() => parseUsers('\n\nann'), { message: 'line 3: expected a user, a colon and a hash' });
  t.throws(() => parseUsers(`:${SHA}`), /^line 1/);
  t.throws(() => parseUsers(`ann:${SHA}\nann:${SHA}`), /^line 2: this user stands/);
  t.notMatch(
    (() => {
      try {
        return String(parseUsers('ann:hunter2'));
      } catch (error) {
        return (error as Error).message;
      }
    })(),
    /hunter2/,
    'what stands there is not repeated',
  );
});

const basic = (text: string | Buffer) => `Basic ${Buffer.from(text).toString('base64')}`;

t.test('credentials (RFC 7617)', async (t) => {
  t.same(parseCredentials(basic('Aladdin:open sesame')), {
    user: 'Aladdin',
    password: 'open sesame',
  });
  t.same(parseCredentials('bAsIc  dGVzdDoxMjPCow=='), { user: 'test', password: '123£' }, '§2.1');
  t.same(
    parseCredentials(basic('a:b:c')),
    { user: 'a', password: 'b:c' },
    'colons in the password',
  );
  t.same(parseCredentials(basic(':')), { user: '', password: '' });
  for (const field of [
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic a b',
    'Bearer YTpi',
    basic('without'),
    basic('a:b\0'),
    basic('a\n:b'),
    basic(Buffer.from('a:\xff', 'latin1')),
    `${basic('a:b')}, ${basic('a:b')}`,
  ]) {
    t.equal(parseCredentials(field), undefined, String(field));
  }
});
