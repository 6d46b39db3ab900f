// Gathers the command's options: flags over variables over the config file over defaults.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { HostRules } from '../options/hosts.ts';
import { filesByPrefix, input, isPem, output, path, paths } from '../options/kinds.ts';
import {
  COMMAND_OPTIONS,
  OPTIONS,
  type Options,
  type ProcessOptions,
  resolveOptions,
  resolveProcess,
} from '../options/options.ts';
import { ofProcess } from '../options/process.ts';
import {
  type Call,
  flagOf,
  OptionError,
  readOptions,
  StartError,
  variableOf,
} from '../options/table.ts';
import { WRITABLE } from './arguments.ts';
import { exists } from './paths.ts';
import { readVariable, strayVariables } from './variables.ts';

type Texts = Readonly<Record<string, unknown>>;
type Name = keyof typeof COMMAND_OPTIONS;

/** What the command was asked for. */
export interface Gathered {
  readonly options: Options;
  readonly process: ProcessOptions;
  /** File of options, where one was read. */
  readonly config: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** List of hashes to compare the files with, where one is given. */
  readonly verify: string | undefined;
  /** What an option was called where it was given. */
  readonly call: Call;
  /** What was given and sets nothing. */
  readonly warnings: readonly string[];
}

/**
 * `flags` by option name, as written, and what each was called there; `env` holds the ZCSERVE_ variables. Throws an
 * OptionError that says where the mistake is.
 */
export function gatherOptions(
  flags: Texts,
  env: NodeJS.ProcessEnv,
  callOfFlag: Call = flagOf,
): Gathered {
  const fromFlags = readOptions(COMMAND_OPTIONS, flags, callOfFlag, '');
  const fromEnv = readOptions(COMMAND_OPTIONS, pickVariables(env), variableOf, '');
  const file = fromFlags.config ?? fromEnv.config;
  const fromFile = typeof file === 'string' ? readConfig(file) : {};
  const given: Record<string, unknown> = {
    ...fromFile,
    ...fromEnv,
    ...fromFlags,
  };
  const call = (name: string): string => {
    if (name in fromFlags) return callOfFlag(name);
    if (name in fromEnv) return variableOf(name);
    if (name in fromFile) return `${file}: ${name}`;
    return WRITABLE.includes(name) ? flagOf(name) : `option ${name}`;
  };
  given.root ??= defaultRoot();
  const pick = (table: object) =>
    Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(table, name)));
  try {
    return {
      options: resolveOptions(pick(OPTIONS)),
      process: resolveProcess(pick(ofProcess)),
      config: typeof file === 'string' ? file : undefined,
      json: given.json === true,
      quiet: given.quiet === true,
      verify: typeof given.verify === 'string' ? given.verify : undefined,
      call,
      warnings: strayVariables(env),
    };
  } catch (error) {
    throw inWordsOf(call, error);
  }
}

/** The same error, with options called as they were typed. */
export function inWordsOf(call: Call, error: unknown): unknown {
  if (!(error instanceof StartError)) return error;
  const words = error.toldBy(call);
  return error instanceof OptionError
    ? new OptionError(words, { cause: error })
    : new StartError(words, { cause: error });
}

/** `public` is what a site's build makes; without one, the directory itself. */
function defaultRoot(): string {
  return exists('public') ? 'public' : '.';
}

function pickVariables(env: NodeJS.ProcessEnv): Texts {
  return Object.fromEntries(WRITABLE.map((name) => [name, readVariable(env, variableOf(name))]));
}

/** A JSON file's options; its paths are relative to the file. */
function readConfig(file: string): Record<string, unknown> {
  const options = readOptions(COMMAND_OPTIONS, parseObject(file), undefined, `${file}: `);
  if (options.config !== undefined)
    throw new OptionError(`${file}: config: a config file cannot name another`);
  const { hosts = {}, ...others } = fromFile(file, options);
  const each = Object.entries(hosts as HostRules).map(([name, own]) => [name, fromFile(file, own)]);
  return { ...others, ...(options.hosts === undefined ? {} : { hosts: Object.fromEntries(each) }) };
}

function fromFile(file: string, options: Texts): Record<string, unknown> {
  const fromHere = (each: unknown) =>
    typeof each !== 'string' || each === '' || isPem(each) ? each : resolve(dirname(file), each);
  const made = Object.entries(options).map(([name, value]) => {
    const kind = Object.hasOwn(COMMAND_OPTIONS, name) && COMMAND_OPTIONS[name as Name].kind;
    if ((kind === output || kind === input) && value === '-') return [name, value];
    if (kind === filesByPrefix) {
      const pairs = Object.entries(Object(filesByPrefix.parse(value) ?? value));
      return [name, Object.fromEntries(pairs.map(([prefix, each]) => [prefix, fromHere(each)]))];
    }
    const isPath = kind === path || kind === paths || kind === output || kind === input;
    if (!isPath) return [name, value];
    return [name, Array.isArray(value) ? value.map(fromHere) : fromHere(value)];
  });
  return Object.fromEntries(made);
}

function parseObject(file: string): Texts {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OptionError(`${file}: ${code === 'ENOENT' ? 'no such config file' : message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionError(`${file}: expected a JSON object of options`);
  }
  return value as Texts;
}
