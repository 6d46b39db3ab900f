// The words of the command: what it says to somebody who types what other servers take.
import { join } from 'node:path';
import t from 'tap';
import { readPlainArguments } from '../../src/command/arguments.ts';
import { gatherOptions } from '../../src/command/config.ts';
import { calledOn, readFlags } from '../../src/command/flags.ts';
import { readArguments } from '../../src/command/usage.ts';
import { strayVariables } from '../../src/command/variables.ts';
import { readWords } from '../../src/command/words.ts';
import { OptionError } from '../../src/options/table.ts';
import { makeTree } from '../support/tree.ts';

process.chdir(
  makeTree(t, { 'dist/index.html': 'x', 'site/help/index.html': 'x', 'file.html': 'x' }),
);

/** What the command makes of a line, as far as words and flags go. */
async function read(line: string): Promise<unknown> {
  const args = line === '' ? [] : line.split(' ');
  const asked = readPlainArguments(args) ?? (await readArguments(args));
  if (typeof asked === 'string' || 'help' in asked) return asked;
  const { command, root } = readWords(asked.words, args);
  const flags = { ...readFlags(asked.flags, args), root };
  gatherOptions(flags, {}, calledOn(args));
  return { command, ...flags };
}

const PORT = 'a whole number from 0 to 65535';

/** Exactly what is printed behind `zcserve: `. */
const WRONG: readonly (readonly [line: string, words: string])[] = [
  // Flags of serve, http-server, sirv, caddy and python.
  ['-l 8080', '-l is unknown; --listen says where to listen, or --port and --host'],
  ['dist -a 0.0.0.0', '-a is unknown; --host says on which address to listen'],
  ['dist -o', '-o is unknown; no browser is opened; the first line says the address'],
  ['--open', '--open is unknown; no browser is opened; the first line says the address'],
  [
    '--gzip dist',
    '--gzip is unknown; --compress encodes files; siblings .gz are offered as they are (--precompressed)',
  ],
  ['-s dist', '-s is unknown; --spa is for single-page apps, --log-level silent for silence'],
  ['--single', '--single is unknown; --spa is for single-page apps'],
  ['--dir dist', '--dir is unknown; the directory to serve needs no flag: zcserve dist'],
  ['--root=dist', '--root is unknown; the directory to serve needs no flag: zcserve dist'],
  ['--no-etag', '--no-etag is unknown; --etag off sends none'],
  [
    '--ssl-pass x',
    '--ssl-pass is unknown; a key with a passphrase must be decrypted before: openssl pkey',
  ],
  // Slips of the finger, within a third of the letters.
  ['--prt 1', '--prt is unknown; did you mean --port?'],
  ['--no-port', '--no-port is unknown; did you mean --port?'],
  ['--mmapMax=1', '--mmapMax is unknown; did you mean --mmap-max?'],
  ['--listng', '--listng is unknown; did you mean --listing?'],
  ['--hlp', '--hlp is unknown; did you mean --help?'],
  // Nothing comes near.
  ['--xyz', '--xyz is unknown; zcserve --help lists the options'],
  ['--toString', '--toString is unknown; zcserve --help lists the options'],
  ['--constructor=x', '--constructor is unknown; zcserve --help lists the options'],
  ['--frobnicate 3', '--frobnicate is unknown; zcserve --help lists the options'],
  ['-x', '-x is unknown; zcserve --help lists the options'],
  ['--headers', '--headers is no flag: headers stands in a --config file'],
  // Each is called as it was typed.
  ['-p x', `-p: "x" is not allowed; expected ${PORT}`],
  ['-p=x', `-p: "x" is not allowed; expected ${PORT}`],
  ['-p99999 dist', `-p: "99999" is not allowed; expected ${PORT}`],
  ['--p x', `--p: "x" is not allowed; expected ${PORT}`],
  ['--port x', `--port: "x" is not allowed; expected ${PORT}`],
  ['dist -p', `-p needs ${PORT}`],
  ['--port', `--port needs ${PORT}`],
  ['--config', '--config needs a path'],
  ['--l 8080', '--l is unknown; --listen says where to listen, or --port and --host'],
  ['-port 80', '-port is unknown; did you mean --port?'],
  ['-host=::1', '-host is unknown; did you mean --host?'],
  ['-help', '-help is unknown; did you mean --help?'],
  ['-listen :80', '-listen is unknown; did you mean --listen?'],
  ['-address ::1', '-address is unknown; --host says on which address to listen'],
  // Words in the wrong place.
  ['dist --spa 404.html', '--spa takes its value with an equals sign: --spa=404.html'],
  ['--spa 404.html', '--spa takes its value with an equals sign: --spa=404.html'],
  ['--spa 404.html dist', '--spa takes its value with an equals sign: --spa=404.html'],
  ['--spa file.html', '--spa takes its value with an equals sign: --spa=file.html'],
  ['--listing true', '--listing takes its value with an equals sign: --listing=true'],
  ['--cors http://a.de', '--cors takes its value with an equals sign: --cors=http://a.de'],
  ['3000', '3000 is no directory; a port is given by --port 3000'],
  [':8080', ':8080 is no directory; a port is given by --port 8080'],
  ['docter', 'docter is no directory; did you mean zcserve doctor?'],
  ['doctor tun', 'tun is no directory; did you mean zcserve tune?'],
  ['tai', 'tai is no directory; did you mean zcserve tail?'],
  ['-p 1 tail http://a.de/', 'tail comes first: zcserve tail URL'],
  ['-p 1 append http://a.de/ b', 'append comes first: zcserve append URL'],
  ['serve', 'serve is no directory; zcserve alone serves'],
  ['serve dist', 'serve is no command: zcserve dist serves'],
  ['dist site', 'site: only one directory can be served'],
];

t.test('what is wrong on a command line is said in one line that leads on', async (t) => {
  for (const [line, words] of WRONG) {
    await t.rejects(read(line), { name: 'OptionError', message: words }, line);
  }
});

const RIGHT: readonly (readonly [line: string, asked: unknown])[] = [
  ['', { command: 'serve', root: undefined }],
  ['dist', { command: 'serve', root: 'dist' }],
  ['dist -p 80', { command: 'serve', root: 'dist', port: '80' }],
  ['-p80 dist', { command: 'serve', root: 'dist', port: '80' }],
  ['dist --spa=404.html', { command: 'serve', root: 'dist', spa: '404.html' }],
  ['--spa dist', { command: 'serve', root: 'dist', spa: 'index.html' }],
  ['--listing dist', { command: 'serve', root: 'dist', listing: 'true' }],
  ['none/dist', { command: 'serve', root: 'none/dist' }],
  ['doctor dist', { command: 'doctor', root: 'dist' }],
  ['tune', { command: 'tune', root: undefined }],
  ['help', { command: 'help', root: undefined }],
  ['help tune', { command: 'help', root: undefined }],
  ['version', { command: 'version', root: undefined }],
];

t.test('the directory is an argument, and no flag of a name that cannot be typed', (t) => {
  const nothing = () => gatherOptions({ root: '' }, {}, calledOn(['']));
  t.throws(nothing, { message: 'the directory: "" is not allowed; expected a path' });
  t.end();
});

t.test('what is right is read as it was meant', async (t) => {
  for (const [line, asked] of RIGHT) t.same(await read(line), asked, line || 'nothing');
});

t.test('a directory that is called help is served', async (t) => {
  const back = process.cwd();
  process.chdir('site');
  t.teardown(() => process.chdir(back));
  t.same(await read('help'), { command: 'serve', root: 'help' });
});

const VARIABLES: readonly (readonly [NodeJS.ProcessEnv, lines: readonly string[]])[] = [
  [{ ZCSERVE_PORT: '80', ZCSERVE_MMAP_MAX: '1', ZCSERVE_JSON: '1', PATH: '/' }, []],
  [{ ZCSERVE_ADDON: 'x', ZCSERVE_NO_ADDON: '1' }, []],
  [{ ZCSERVE_PRT: '80' }, ['ZCSERVE_PRT is unknown; did you mean ZCSERVE_PORT?']],
  [{ ZCSERVE_MMAPMAX: '1' }, ['ZCSERVE_MMAPMAX is unknown; did you mean ZCSERVE_MMAP_MAX?']],
  [{ ZCSERVE_FAVOURITE_COLOUR: '' }, ['ZCSERVE_FAVOURITE_COLOUR is unknown']],
  [{ ZCSERVE_HEADERS: '{}' }, ['ZCSERVE_HEADERS sets nothing: headers stands in a config file']],
  [
    {
      ZCSERVE_SERVICE_HOST: '10.0.0.1',
      ZCSERVE_SERVICE_PORT_HTTP: '80',
      ZCSERVE_PORT: 'tcp://10.0.0.1:80',
      ZCSERVE_PORT_80_TCP: 'tcp://10.0.0.1:80',
      ZCSERVE_PORT_80_TCP_ADDR: '10.0.0.1',
    },
    [],
  ],
];

t.test('a ZCSERVE_ variable that sets nothing is told, those of Kubernetes are not', async (t) => {
  for (const [env, lines] of VARIABLES) {
    t.same(strayVariables(env), lines, Object.keys(env).join(' '));
    t.same(gatherOptions({}, env).warnings, lines);
  }
  const { options } = gatherOptions({}, { ZCSERVE_PORT: 'tcp://10.0.0.1:80' });
  t.equal(options.port, 8080, 'the address of a service is no port');
});

t.test('what is found later still calls options as they were typed', async (t) => {
  const root = makeTree(t, { 'zc.json': '{"tlsCert": "a.pem", "cors": ["x"]}' });
  const config = join(root, 'zc.json');
  const cases: readonly (readonly [Record<string, string>, NodeJS.ProcessEnv, RegExp])[] = [
    [{ tlsCert: 'a' }, {}, /^--tls-cert needs --tls-key too$/],
    [{}, { ZCSERVE_TLS_KEY: 'a' }, /^ZCSERVE_TLS_KEY needs --tls-cert too$/],
    [{ config }, {}, /^.*zc\.json: tlsCert needs --tls-key too$/],
    [
      { tlsCert: 'a', tlsKey: 'b', tlsMin: '1.3' },
      { ZCSERVE_TRANSPORT: 'uws' },
      /^--tls-min is not to be had with ZCSERVE_TRANSPORT uws$/,
    ],
  ];
  for (const [flags, env, message] of cases) {
    t.throws(() => gatherOptions(flags, env), { message });
    t.throws(() => gatherOptions(flags, env), OptionError);
  }
});
