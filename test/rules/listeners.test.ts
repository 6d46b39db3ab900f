// Listeners as operators write them: what is taken, and what is not.
import t from 'tap';
import {
  type ParsedListener,
  parseListener,
  placeText,
  splitListeners,
} from '../../src/rules/listeners.ts';

const tcp = (host: string, port: number, marks: Partial<ParsedListener> = {}) => ({
  ...{ at: { kind: 'tcp', host, port }, tls: undefined, proxy: false },
  ...marks,
});

const unix = (path: string, mode?: number, marks: Partial<ParsedListener> = {}) => ({
  ...{ at: { kind: 'unix', path, mode }, tls: undefined, proxy: false },
  ...marks,
});

const fd = (descriptor: number, marks: Partial<ParsedListener> = {}) => ({
  ...{ at: { kind: 'descriptors', descriptors: [descriptor] }, tls: undefined, proxy: false },
  ...marks,
});

t.test('an address, and what is spoken there', async (t) => {
  const rows: ReadonlyArray<readonly [text: string, listener: unknown]> = [
    [':8080', tcp('', 8080)],
    ['*:8080', tcp('', 8080)],
    ['8080', tcp('', 8080)],
    [':0', tcp('', 0)],
    ['127.0.0.1:80', tcp('127.0.0.1', 80)],
    ['0.0.0.0:65535', tcp('0.0.0.0', 65_535)],
    ['localhost:80', tcp('localhost', 80)],
    ['my-host.example:80', tcp('my-host.example', 80)],
    ['tcp://0.0.0.0:80', tcp('0.0.0.0', 80)],
    ['[::]:443', tcp('::', 443)],
    ['[::1]:443,tls', tcp('::1', 443, { tls: true })],
    ['[fe80::1%eth0]:80', tcp('fe80::1%eth0', 80)],
    [':80,plain', tcp('', 80, { tls: false })],
    [':80, plain , proxy', tcp('', 80, { tls: false, proxy: true })],
    [':443,proxy,tls', tcp('', 443, { tls: true, proxy: true })],
    ['unix:/run/zc.sock', unix('/run/zc.sock')],
    ['unix:zc.sock', unix('zc.sock')],
    ['unix:/run/zc.sock,mode=0660', unix('/run/zc.sock', 0o660)],
    ['unix:/run/zc.sock,mode=600,tls', unix('/run/zc.sock', 0o600, { tls: true })],
    ['unix:/run/a:b c.sock,proxy', unix('/run/a:b c.sock', undefined, { proxy: true })],
    ['fd:3', fd(3)],
    ['fd:12,tls,proxy', fd(12, { tls: true, proxy: true })],
  ];
  for (const [text, listener] of rows) t.strictSame(parseListener(text), listener, text);
});

t.test('what is none', async (t) => {
  const rows = [
    '',
    ' ',
    ':',
    '127.0.0.1',
    'localhost',
    '::1:80',
    '[::1]',
    '[::1]80',
    '[127.0.0.1]:80',
    '[]:80',
    ':65536',
    ':080000',
    ':-1',
    ':80:81',
    ':http',
    'a b:80',
    'user@host:80',
    'http://host:80',
    'host:80/',
    'unix:',
    'unix:/a\0b',
    'fd:',
    'fd:-1',
    'fd:x',
    'fd:12345678',
    ':80,',
    ':80,ssl',
    ':80,tls,plain',
    ':80,mode=0660',
    'fd:3,mode=0660',
    'unix:/a,mode=0888',
    'unix:/a,mode=66',
    'unix:/a,mode=0600,mode=0660',
    'tls',
  ];
  for (const text of rows) t.equal(parseListener(text), undefined, JSON.stringify(text));
});

t.test('in a list with commas a mark belongs to the address before it', async (t) => {
  const rows: ReadonlyArray<readonly [text: string, listeners: readonly string[]]> = [
    [':80', [':80']],
    [':80,[::]:443,tls,proxy,fd:3', [':80', '[::]:443,tls,proxy', 'fd:3']],
    ['unix:/a,mode=0660, :80 , plain', ['unix:/a,mode=0660', ':80,plain']],
    ['tls,:80', ['tls', ':80']],
    [':80,,:81', [':80', '', ':81']],
  ];
  for (const [text, listeners] of rows) t.strictSame(splitListeners(text), listeners, text);
});

t.test('an address is shown as it is written', async (t) => {
  for (const text of [':80', '127.0.0.1:80', '[::1]:443', 'unix:/run/a b', 'fd:3']) {
    const parsed = parseListener(text);
    t.equal(parsed && placeText(parsed.at), text);
  }
});
