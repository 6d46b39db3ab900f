// The sandbox: the process is confined before it has a second thread, by becoming node once more. (landlock(7) confines
// the thread that asks and what it starts; V8's threads run before the first line of ours.)
import {
  closeSync,
  constants,
  mkdirSync,
  opendirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { headOf, loadNative } from '../addon/load.ts';
import type { SandboxGrants } from '../addon/types.ts';
import { filesByPrefix, isPem, output, path, paths, switchOrFile } from '../options/kinds.ts';
import { listenersOf } from '../options/listeners.ts';
import { COMMAND_OPTIONS, hostsOf, type Options } from '../options/options.ts';
import { StartError } from '../options/table.ts';
import { FALLBACK_PORTS } from '../server/listeners.ts';
import { directoryOf } from '../server/streams.ts';
import { activatedSockets, FIRST } from './activation.ts';
import type { Gathered } from './config.ts';
import { handedDescriptors } from './inheritance.ts';
import { isAllowed } from './user.ts';

/** Of this process, which stays the same when it becomes another program: it was confined. */
const MARK = '_ZCSERVE_CONFINED';

/** What node, the C library and OpenSSL read, wherever it is there; and from /proc what is not another process's. */
const OF_SYSTEM = [
  '/proc',
  '/sys/devices/system/cpu',
  '/sys/fs/cgroup',
  '/dev/urandom',
  '/dev/random',
  '/etc/ld.so.cache',
  '/etc/hosts',
  '/etc/host.conf',
  '/etc/resolv.conf',
  '/etc/nsswitch.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/passwd',
  '/etc/group',
  '/etc/localtime',
  '/usr/share/zoneinfo',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/openssl.cnf',
  '/etc/crypto-policies',
];

/** Variables that name files which node or the package reads. */
const NAMED = ['OPENSSL_CONF', 'NODE_EXTRA_CA_CERTS', 'ZCSERVE_ADDON'];

/** Options whose files are written; those of all others are read. */
const WRITTEN: readonly string[] = ['accessLog', 'pidFile', 'compressCache', 'streamsDir'];

/** Meant as they are named. */
const EXACT: readonly string[] = ['sandboxRead'];

/**
 * Confines the process as `sandbox` says, by starting it once more: what comes back is confined, or is not to be. Returns
 * why it is not where `auto` asks and the kernel cannot. Throws a StartError where it was to be and is not.
 */
export function enterSandbox(gathered: Gathered): string | undefined {
  const { sandbox } = gathered.process;
  const marked = process.env[MARK] === String(process.pid);
  delete process.env[MARK];
  if (sandbox === 'off') return undefined;
  // By the sandbox of the process whose place it takes; one around the other would be refused after a few.
  if (handedDescriptors(process.env).length > 0 && isConfined()) {
    refuseOutside(gathered);
    return undefined;
  }
  if (marked) {
    if (isConfined()) return undefined;
    throw refused('the process was to be confined, and is not');
  }
  const { addon, ...native } = loadNative();
  const obstacle =
    addon === undefined
      ? `it needs the native addon: ${(native as { readonly reason: string }).reason}`
      : obstacleOf(addon.features().landlock);
  if (addon === undefined || obstacle !== undefined) {
    if (sandbox === 'auto') return obstacle;
    throw refused(obstacle ?? '');
  }
  makeDirectories(gathered);
  const words = [process.argv0, ...process.execArgv, ...process.argv.slice(1)];
  const environment = Object.entries({ ...process.env, [MARK]: String(process.pid) });
  try {
    addon.restartConfined(
      grantsOf(gathered),
      process.execPath,
      words,
      environment.map(([name, value]) => `${name}=${value}`),
      [0, 1, 2, ...ofSystemd(process.env), ...handedDescriptors(process.env)],
    );
  } catch (error) {
    throw refused((error as Error).message, error);
  }
}

/**
 * Throws a StartError for a root that this process could not read if it were to serve it: a sandbox stays as it was made.
 * (access(2) knows no sandbox, and a path can be opened for what it names.)
 */
export function refuseOutside({ options }: Pick<Gathered, 'options'>): void {
  if (!isConfined()) return;
  for (const { root } of [options, ...hostsOf(options).map((host) => host.options)]) {
    if (!isAllowed(root, constants.R_OK | constants.X_OK)) continue;
    try {
      opendirSync(root).closeSync();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EACCES') continue;
      const reason = `${root} is not within this process's sandbox: a restart is needed`;
      throw new StartError((call) => `${call('root')}: ${reason}`);
    }
  }
}

/** In the sandbox none is made. Of another user it has to be there already. */
function makeDirectories({ options, process: { user } }: Gathered): void {
  if (options.streams === undefined || user !== undefined) return;
  try {
    mkdirSync(directoryOf(options), { recursive: true });
  } catch (error) {
    throw refused((error as Error).message, error);
  }
}

function ofSystemd(env: NodeJS.ProcessEnv): number[] {
  return Array.from({ length: activatedSockets(env, process.pid) }, (_, i) => FIRST + i);
}

function obstacleOf(abi: number): string | undefined {
  if (abi === 0) return 'this kernel has no landlock (Linux 5.13, and landlock in its lsm=…)';
  // Its descriptor is closed when the process becomes another program.
  if (process.channel !== undefined)
    return 'this process was forked (node:cluster, PM2) and talks to its parent';
  return undefined;
}

/** May a file of the process itself, which it may write by its rights, not be written? */
function isConfined(): boolean {
  try {
    closeSync(openSync('/proc/self/comm', 'r+'));
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}

/** What the server with these options needs. */
export function grantsOf({ options, process: own, config }: Gathered): SandboxGrants {
  const hosts = hostsOf(options).map((host) => host.options);
  const values = [{ ...options, ...own, config }, ...hosts].flatMap((each) => Object.entries(each));
  const files = values.flatMap(([name, value]) =>
    filesIn(name, value).map((file) => ({ name, file: resolve(file) })),
  );
  const written = files.filter(({ name }) => WRITTEN.includes(name));
  return {
    read: [
      ...OF_SYSTEM,
      ...NAMED.flatMap((name) => process.env[name] ?? []),
      ...librariesOf(readFileSync('/proc/self/maps', 'utf8')),
      ...packagePlaces(fileURLToPath(new URL('../..', import.meta.url))),
      ...files
        .filter((each) => !written.includes(each))
        .flatMap(({ name, file }) => (EXACT.includes(name) ? [file] : placesOf(file))),
    ],
    execute: [process.execPath, ...loaderOf(headOf(process.execPath))],
    write: [
      '/dev/null',
      ...written.map(({ file }) => (isDirectory(file) ? file : dirname(file))),
      ...socketsOf(options).map((path) => dirname(resolve(path))),
      ...(options.streams === undefined ? [] : [directoryOf(options)]),
    ],
    // The self-test of uWebSockets.js connects to a port of its own.
    ports: options.transport === 'uws' ? undefined : portsOf(options),
  };
}

/** The files that an option names. */
function filesIn(name: string, value: unknown): readonly string[] {
  const { kind } = COMMAND_OPTIONS[name as keyof typeof COMMAND_OPTIONS];
  if (value === undefined) return [];
  if (kind === filesByPrefix) return Object.values(value as Readonly<Record<string, string>>);
  // Beneath the root it is read with it.
  if (kind === switchOrFile) return typeof value === 'string' && isAbsolute(value) ? [value] : [];
  if (kind === output) return value === '-' ? [] : [value as string];
  if (kind !== path && kind !== paths) return [];
  return [value as string | readonly string[]].flat().filter((each) => !isPem(each));
}

/**
 * A directory; of a file that of its name, and where a link leads that of its target: what is renewed is another file of
 * the same name.
 */
function placesOf(file: string): string[] {
  const real = realOf(file);
  if (real === undefined) return [];
  return statSync(real).isDirectory() ? [real] : [dirname(file), dirname(real)];
}

function isDirectory(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
}

function realOf(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

/** Every file that is mapped, and where libraries lie: that of C loads more of its own (nss(5)). */
export function librariesOf(maps: string): string[] {
  const mapped = new Set([...maps.matchAll(/ (\/.+)$/gm)].map(([, file = '']) => file));
  const libraries = [...mapped].filter((file) => /\.so[.\d]*$/.test(file));
  return [...mapped, ...new Set(libraries.map(dirname))];
}

/** The package, and the packages beside it: the outermost node_modules, where pnpm has all of them. */
export function packagePlaces(root: string): string[] {
  const around = /^(.*?\/node_modules)\//.exec(root)?.[1];
  return [root, around ?? join(root, 'node_modules')];
}

/** The program that the kernel starts with it, as the first page of the executable names it (elf(5), PT_INTERP). */
export function loaderOf(executable: Buffer): string[] {
  return executable.toString('latin1').match(/\/[\w./-]*\/ld[-\w.]*\.so[.\d]*/) ?? [];
}

/** Sockets that are made in a directory. */
function socketsOf(options: Options): string[] {
  return listenersOf(options).flatMap(({ at }) => (at.kind === 'unix' ? [at.path] : []));
}

function portsOf(options: Options): number[] {
  const { portFallback, httpsRedirect, admin } = options;
  const count = (port: number) => (portFallback && port > 0 ? FALLBACK_PORTS : 0);
  const own = listenersOf(options).flatMap(({ at }) =>
    at.kind === 'tcp' ? Array.from({ length: count(at.port) + 1 }, (_, i) => at.port + i) : [],
  );
  const beside = [httpsRedirect, admin?.port].filter((port) => port !== undefined);
  return [...own.filter((port) => port <= 65_535), ...beside];
}

function refused(reason: string, cause?: unknown): StartError {
  return new StartError((call) => `${call('sandbox')}: ${reason}`, { cause });
}
