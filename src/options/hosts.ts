// Options: virtual hosts, each with a root and options of its own; what it leaves out is as for all.
import { parseHostName } from '../http/host-names.ts';
import { type Kind, rules } from './kinds.ts';
import { type Call, OptionError, option, readOptions, StartError, type Table } from './table.ts';

/** Options by the name of a host, or several with commas; which options `readHosts` says. */
export type HostRules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const hostRules: Kind<HostRules> = rules(
  'an object of names of hosts, each with an object of options',
  (input): input is HostRules => isObject(input) && Object.values(input).every(isObject),
);

export const hosts = {
  hosts: option(
    hostRules,
    {},
    'sites by names of hosts, each with its root; all other names get what stands beside it',
    'nginx server',
  ),
};

/** What is one site's own. The rest is the server's: who listens, for how long, and what all sites have together. */
const OF_SITES = [
  'root',
  'tlsCert',
  'tlsKey',
  'tlsPassphraseFile',
  'tlsStaple',
  'hsts',
  'index',
  'listing',
  'archive',
  'archiveMaxSize',
  'live',
  'liveTimeout',
  'dotfiles',
  'symlinks',
  'trailingSlash',
  'cleanUrls',
  'extensions',
  'spa',
  'errorPages',
  'redirects',
  'rewrites',
  'siteRules',
  'strategy',
  'mmapMax',
  'sendfileMin',
  'warm',
  'revalidate',
  'watch',
  'mimeTypes',
  'etag',
  'digest',
  'lastModified',
  'precompressed',
  'dictionaries',
  'maxRanges',
  'cacheControl',
  'cdn',
  'immutableHashed',
  'cors',
  'securityHeaders',
  'headers',
  'earlyHints',
  'download',
  'auth',
] as const;

export type SiteOption = (typeof OF_SITES)[number];

export function isSiteOption(name: string): name is SiteOption {
  return (OF_SITES as readonly string[]).includes(name);
}

/** Of a certificate: they go together, and those of another one are of no use to it. */
const OF_CERTIFICATES: readonly SiteOption[] = ['tlsCert', 'tlsKey', 'tlsStaple'];

export interface GivenHost {
  /** As it was typed. */
  readonly key: string;
  readonly names: readonly string[];
  /** What it says itself. */
  readonly own: Readonly<Record<string, unknown>>;
}

/** `table`: of all options. Throws an OptionError that names the host and the option. */
export function readHosts(table: Table, given: HostRules): readonly GivenHost[] {
  const known = new Set<string>();
  return Object.entries(given).map(([key, options]) => {
    const names = readNames(key, known);
    const ofSites = Object.fromEntries(OF_SITES.map((name) => [name, table[name]])) as Table;
    for (const name of Object.keys(options)) {
      if (Object.hasOwn(ofSites, name) || !Object.hasOwn(table, name)) continue;
      throw new OptionError(
        (call) =>
          `${callInHost(key, call)(name)}: is the server's, for all hosts; expected beside ${call('hosts')}`,
      );
    }
    const own = readOwn(key, ofSites, options);
    if (own.root === undefined) {
      throw new OptionError((call) => `${callInHost(key, call)('root')}: each host needs one`);
    }
    return { key, names, own };
  });
}

function readOwn(key: string, table: Table, options: Readonly<Record<string, unknown>>) {
  const place = `[${JSON.stringify(key)}].`;
  try {
    return readOptions(table, options, (name) => place + name, '');
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const words = (call: Call) => error.message.replaceAll(place, call('hosts') + place);
    throw new OptionError(words, { cause: error });
  }
}

/** What a host leaves out is as for all. */
export function inherit<T extends object>(all: T, { own }: GivenHost): T {
  const apart = OF_CERTIFICATES.some((name) => own[name] !== undefined);
  const none = Object.fromEntries(OF_CERTIFICATES.map((name) => [name, undefined]));
  return { ...all, ...(apart ? none : {}), ...own };
}

/** Runs it with errors that say in which host the option stands. */
export function inHost<T>(key: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    const words = (call: Call) => error.toldBy(callInHost(key, call));
    throw error instanceof OptionError
      ? new OptionError(words, { cause: error })
      : new StartError(words, { cause: error });
  }
}

/** What an option of a host is called. */
export function callInHost(key: string, call: Call): Call {
  return (name) => `${call('hosts')}[${JSON.stringify(key)}].${name}`;
}

function readNames(key: string, known: Set<string>): readonly string[] {
  const wrong = (text: string, what: string) =>
    new OptionError(
      (call) => `${call('hosts')}[${JSON.stringify(key)}]: ${JSON.stringify(text)}: ${what}`,
    );
  return key.split(',').map((each) => {
    const text = each.trim();
    const parsed = parseHostName(text);
    if ('wrong' in parsed) throw wrong(text, parsed.wrong);
    if (known.has(parsed.name)) throw wrong(text, 'is named twice');
    known.add(parsed.name);
    return parsed.name;
  });
}

function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
