// What the command lines of `zcserve tail` and `zcserve append` have in common.
import { readFileSync } from 'node:fs';
import { createLog, type Log } from '../../log/log.ts';
import type { Connecting } from '../../options/clients.ts';
import { OptionError } from '../../options/table.ts';
import type { Target } from './connection.ts';

/** Of an address and its options. Throws an OptionError. */
export function targetOf(address: string, { tokenFile, header = [], ca }: Connecting): Target {
  const url = parseAddress(address);
  const fields: Record<string, string> = {};
  if (url.username !== '') {
    const pair = [url.username, url.password].map(decodeURIComponent).join(':');
    fields.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  if (tokenFile !== undefined) fields.authorization = `Bearer ${readToken(tokenFile)}`;
  for (const line of header) {
    const colon = line.indexOf(':');
    fields[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  url.hash = '';
  return { url, fields, ca };
}

export function logOf({ quiet }: Connecting): Log {
  return createLog({ level: quiet ? 'error' : 'info' });
}

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new OptionError(`${address} is no address; expected such as http://localhost:8080/log`);
}

function readToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (/^[\x21-\x7e]+$/.test(token)) return token;
  } catch (error) {
    throw new OptionError(`--token-file: ${(error as Error).message}`);
  }
  throw new OptionError(`--token-file: ${file} is not one token`);
}
