// Gathers the command's options: flags over variables over the config file over defaults.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { path } from '../options/kinds.ts';
import { COMMAND_OPTIONS, type Options, resolveOptions } from '../options/options.ts';
import { flagOf, isWritable, OptionError, readOptions, variableOf } from '../options/table.ts';

type Texts = Readonly<Record<string, unknown>>;

/** What the command was asked for. */
export interface Gathered {
  readonly options: Options;
  readonly json: boolean;
}

/**
 * `flags` by option name, as written; `env` holds the ZCSERVE_ variables (unknown ones are left alone:
 * some systems make such names for every service). Throws an OptionError that says where the mistake is.
 */
export function gatherOptions(flags: Texts, env: NodeJS.ProcessEnv): Gathered {
  const fromFlags = readOptions(COMMAND_OPTIONS, flags, flagOf, '');
  const fromEnv = readOptions(COMMAND_OPTIONS, pickVariables(env), variableOf, '');
  const file = fromFlags.config ?? fromEnv.config;
  const fromFile = typeof file === 'string' ? readConfig(file) : {};
  const given: Record<string, unknown> = {
    ...defaultRoot(),
    ...fromFile,
    ...fromEnv,
    ...fromFlags,
  };
  const { json, config: _, ...options } = given;
  return { options: resolveOptions(options), json: json === true };
}

/** `public` is what a site's build makes; without one, the directory itself. */
function defaultRoot(): { root: string } {
  return { root: existsSync('public') ? 'public' : '.' };
}

function pickVariables(env: NodeJS.ProcessEnv): Texts {
  const names = Object.entries(COMMAND_OPTIONS)
    .filter(([, row]) => isWritable(row))
    .map(([name]) => name);
  return Object.fromEntries(names.map((name) => [name, env[variableOf(name)] || undefined]));
}

/** A JSON file's options; its paths are relative to the file. */
function readConfig(file: string): Record<string, unknown> {
  const options = readOptions(COMMAND_OPTIONS, parseObject(file), undefined, `${file}: `);
  if (options.config !== undefined)
    throw new OptionError(`${file}: config: a config file cannot name another`);
  for (const [name, value] of Object.entries(options)) {
    const { kind } = COMMAND_OPTIONS[name as keyof typeof COMMAND_OPTIONS];
    if (kind === path && typeof value === 'string') options[name] = resolve(dirname(file), value);
  }
  return options;
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
