// Names of virtual hosts: how they are written, and which of several an authority is for (native/net/host_names.h too).
import { hostOf } from './authority.ts';

/** RFC 1035 §2.3.4 */
const MAX_NAME = 253;
const MAX_LABEL = 63;

/** RFC 1123 §2.1; an underscore is in no host's name, and in names that people have given hosts. */
const LABEL = /^[a-z\d_](?:[a-z\d_-]*[a-z\d_])?$/;

/**
 * A name in its one form: lower case, labels of other scripts as RFC 5891 has them, no dot at the end. `*.` before it stands
 * for every name below it, however deep. Otherwise what is wrong with it.
 */
export function parseHostName(
  text: string,
): { readonly name: string } | { readonly wrong: string } {
  const wrong = (what: string) => ({ wrong: what });
  if (text === '*') return wrong('every other name is for what stands beside hosts');
  if (text.includes('://')) return wrong('a name has no scheme');
  if (text.includes('/')) return wrong('a name has no path');
  if (text.includes('[')) return wrong('an IPv6 address is no name');
  if (text.includes(':')) return wrong('a name has no port: all hosts are on the same');
  const isPattern = text.startsWith('*.');
  const ascii = toAscii(isPattern ? text.slice(2) : text);
  if (ascii === undefined) return wrong('not a name');
  const name = ascii.toLowerCase().replace(/\.$/, '');
  if (name.includes('*'))
    return wrong('an asterisk stands for the first labels only: *.example.org');
  const labels = name.split('.');
  if (labels.includes('')) return wrong('a label is empty');
  if (name.length > MAX_NAME || labels.some((label) => label.length > MAX_LABEL)) {
    return wrong('it is too long');
  }
  if (!labels.every((label) => LABEL.test(label))) return wrong('not a name');
  return { name: isPattern ? `*.${name}` : name };
}

/** Other scripts in the form that clients send. The URL standard's way, as browsers go. */
function toAscii(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all that is ASCII
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  try {
    return new URL(`http://${name.replace(/[\s@?#\\%]/g, ' ')}/`).hostname;
  } catch {
    return undefined;
  }
}

/** Which of several hosts a name is for. */
export class HostNames {
  /** A pattern without its asterisk. */
  readonly #hosts = new Map<string, number>();

  /** Names as `parseHostName` has them, of each host; hosts are counted from 1. */
  constructor(hosts: ReadonlyArray<readonly string[]> = []) {
    for (const [i, names] of hosts.entries()) {
      for (const name of names) this.#hosts.set(name.replace(/^\*/, ''), i + 1);
    }
  }

  /** Of the name itself, else of the longest pattern; 0 where neither is known. */
  find(authority: string): number {
    if (this.#hosts.size === 0) return 0;
    const name = hostOf(authority).replace(/\.$/, '').toLowerCase();
    if (name.length > MAX_NAME || name.startsWith('.')) return 0;
    let found = this.#hosts.get(name);
    for (
      let dot = name.indexOf('.');
      found === undefined && dot > 0;
      dot = name.indexOf('.', dot + 1)
    ) {
      found = this.#hosts.get(name.slice(dot));
    }
    return found ?? 0;
  }
}
