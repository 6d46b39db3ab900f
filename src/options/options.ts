// Every option of the server: name, kind, default, help and what peers call it; and their validation.
import { access } from './access.ts';
import { encoding } from './encoding.ts';
import { fields } from './fields.ts';
import { agreeOnArchives, files, freshness } from './files.ts';
import {
  callInHost,
  type GivenHost,
  hosts,
  inHost,
  inherit,
  readHosts,
  type SiteOption,
} from './hosts.ts';
import { input, path, toggle } from './kinds.ts';
import { LIMITS_BEYOND_UWS, limits } from './limits.ts';
import { agreeOnListeners } from './listeners.ts';
import { listening } from './listening.ts';
import { logging } from './logging.ts';
import { memory } from './memory.ts';
import { operating } from './operating.ts';
import { ofProcess } from './process.ts';
import { sending } from './sending.ts';
import { agreeOnStreams, streams } from './streams.ts';
import { defaultsOf, type Option, OptionError, option, optional, readOptions } from './table.ts';
import { agreeOnTls, beyondUws, tls } from './tls.ts';

const command = {
  json: option(toggle, false, 'print the start line as JSON'),
  quiet: option(toggle, false, 'no line for each request on the terminal'),
  verify: optional(
    input,
    'zcserve doctor: compare the files with a list of their hashes, - is standard input',
    'sha256sum --check',
  ),
  config: optional(path, 'JSON file with options by their names in code'),
};

/** The options of `createServer`, in the order of help. */
export const OPTIONS = {
  ...listening,
  ...tls,
  ...files,
  ...sending,
  ...memory,
  ...freshness,
  ...encoding,
  ...fields,
  ...access,
  ...hosts,
  ...streams,
  ...limits,
  ...logging,
  ...operating,
};

/** The same and those of the `zcserve` command only. */
export const COMMAND_OPTIONS = { ...OPTIONS, ...ofProcess, ...command };

export const GROUPS: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  Listening: listening,
  TLS: tls,
  Files: files,
  Sending: sending,
  Memory: memory,
  Freshness: freshness,
  Encoding: encoding,
  'Response fields': fields,
  Access: access,
  Hosts: hosts,
  Streams: streams,
  Limits: limits,
  Logging: logging,
  Operating: operating,
  Process: ofProcess,
  Command: command,
};

type ValueOf<O> = O extends Option<infer T, infer _> ? T : never;
type InputOf<O> = O extends Option<infer T, infer Input> ? T | Input : never;

type Values = { readonly [N in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[N]> };
type Inputs = {
  readonly [N in keyof typeof OPTIONS]?: InputOf<(typeof OPTIONS)[N]> | undefined;
};
/** What a virtual host may say of its own; whatever is left out is as for all, but for `root`. */
export type HostInput = Pick<Inputs, SiteOption> & { readonly root: string };
/** By name, several with commas: `{ "example.org, *.example.org": { root: "…" } }`. */
export type HostInputs = Readonly<Record<string, HostInput>>;

/** Of the command's process. */
export type ProcessOptions = {
  readonly [N in keyof typeof ofProcess]: ValueOf<(typeof ofProcess)[N]>;
};

/** Every option with its value. */
export type Options = Omit<Values, 'hosts'> & { readonly hosts: HostInputs };
/** What callers may pass; whatever is left out or undefined takes its default. */
export type OptionsInput = Omit<Inputs, 'hosts'> & { readonly hosts?: HostInputs | undefined };

/** A virtual host with every option's value. */
export interface HostOptions {
  /** As it was typed. */
  readonly key: string;
  /** In lower case; `*.example.org` stands for all below it. */
  readonly names: readonly string[];
  readonly options: Options;
  /** Has it a certificate of its own? */
  readonly certified: boolean;
}

/** Every option's value. Throws an OptionError that names the option, its value and what is allowed. */
export function resolveOptions(input: OptionsInput = {}): Options {
  const options = { ...defaultsOf(OPTIONS), ...readOptions(OPTIONS, input) } as Options;
  agree(options);
  return options;
}

/** The same of the command's process. */
export function resolveProcess(input: Readonly<Record<string, unknown>>): ProcessOptions {
  return { ...defaultsOf(ofProcess), ...readOptions(ofProcess, input) } as ProcessOptions;
}

/** The virtual hosts, in the order in which they stand there. */
export function hostsOf(options: Options): readonly HostOptions[] {
  return readHosts(OPTIONS, options.hosts).map((given) => hostOf(options, given));
}

function hostOf(all: Options, given: GivenHost): HostOptions {
  const { key, names, own } = given;
  const options: Options = { ...inherit(all, given), hosts: {} };
  const certified = own.tlsCert !== undefined;
  if (own.archive !== undefined) inHost(key, () => agreeOnArchives(options));
  inHost(key, () => agreeOnTls(options, (name) => options[name] === OPTIONS[name].default));
  if (certified && all.tlsCert === undefined) {
    throw new OptionError(
      (call) =>
        `${callInHost(key, call)('tlsCert')} needs ${call('tlsCert')} beside ${call('hosts')} too, for clients that name no host`,
    );
  }
  if (certified && all.transport === 'uws') {
    throw new OptionError(
      (call) =>
        `${callInHost(key, call)('tlsCert')}: ${call('transport')} uws takes one ${call('tlsCert')}`,
    );
  }
  return { key, names, options, certified };
}

/** Rules between options. */
function agree(options: Options): void {
  const { transport, h2c } = options;
  const isDefault = (name: keyof typeof OPTIONS) => options[name] === OPTIONS[name].default;
  agreeOnTls(options, isDefault);
  agreeOnListeners(options, isDefault);
  agreeOnArchives(options);
  agreeOnStreams(options, isDefault);
  hostsOf(options);
  if (transport === 'uws') {
    const beyond = LIMITS_BEYOND_UWS.find((name) => !isDefault(name));
    if (beyond !== undefined) throw beyondUws(beyond);
  }
  if (h2c && (transport === 'uws' || transport === 'http1')) {
    throw new OptionError(
      (call) =>
        `${call('transport')}: "${transport}" speaks no HTTP/2 without TLS; expected auto or native, or no ${call('h2c')}`,
    );
  }
}
