// A line of the access log, for carriers without an engine: what native/http/access_format.cc writes.
import type { AccessFormat, LogStep } from '../rules/access-format.ts';

/** An exchange that has ended. Texts are empty, numbers 0, for what is not there. */
export interface AccessEntry {
  /** When it ended, milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds since its head was read. */
  readonly ms: number;
  readonly client: string;
  readonly peer: string;
  /** Who the client says that it is (RFC 7617). */
  readonly user: string;
  readonly method: string;
  readonly target: string;
  /** "HTTP/1.1"; empty: no request could be read. */
  readonly protocol: string;
  readonly status: number;
  /** Of the body, that have left. */
  readonly bytes: number;
  /** As of WIRE.ends. */
  readonly end: string;
  readonly strategy: string;
  /** Of a file's body. */
  readonly reason: string;
  readonly tls: string;
  /** Of those that brought no id of their own. */
  readonly id: string;
  /** A request field's value; all lines of a repeated one joined. */
  readonly field: (name: string) => string;
}

/** With the end of the line. */
export function accessLine({ steps, json }: AccessFormat, entry: AccessEntry): string {
  let line = '';
  for (const step of steps) line += told(step, entry, json);
  return `${line}\n`;
}

function told({ value, with: given }: LogStep, entry: AccessEntry, json: boolean): string {
  const text = (words: string) => textIn(words, json);
  switch (value) {
    case 'text':
      return given;
    case 'client':
      return text(entry.client);
    case 'peer':
      return text(entry.peer);
    case 'user':
      return text(entry.user);
    case 'common-time':
      return text(commonTime(new Date(entry.at)));
    case 'iso-time':
      return text(new Date(entry.at).toISOString());
    case 'clock-time':
      return text(clockTime(new Date(entry.at)));
    case 'method':
      return text(entry.method);
    case 'target':
      return text(entry.target);
    case 'path':
      return text(entry.target.split('?', 1)[0] ?? '');
    case 'query':
      return text(entry.target.includes('?') ? entry.target.replace(/^[^?]*\?/, '') : '');
    case 'protocol':
      return text(entry.protocol);
    case 'request':
      return text(requestOf(entry));
    case 'status':
      return numberIn(entry.status, entry.status !== 0, json);
    case 'bytes':
      return numberIn(entry.bytes, true, json);
    case 'common-bytes':
      return numberIn(entry.bytes, entry.bytes !== 0, json);
    case 'size':
      return sizeOf(entry.bytes);
    case 'microseconds':
      return String(entry.ms * 1000);
    case 'milliseconds':
      return String(entry.ms);
    case 'seconds':
      return `${Math.floor(entry.ms / 1000)}.${pad(entry.ms % 1000, 3)}`;
    case 'elapsed':
      return entry.ms < 1000 ? `${entry.ms}ms` : `${Math.floor(entry.ms / 1000)}s`;
    case 'end':
      return text(entry.end);
    case 'fault':
      return entry.end === 'done' ? '' : ` ${entry.end}`;
    case 'strategy':
      return text(entry.strategy);
    case 'reason':
      return text(entry.reason);
    case 'tls':
      return text(entry.tls);
    case 'id':
      return text(idOf(entry));
    case 'field':
      return text(entry.field(given));
    case 'colour':
      return colourOf(entry);
  }
}

function textIn(words: string, json: boolean): string {
  if (words === '') return json ? 'null' : '-';
  return json ? `"${escaped(words, '\\u00')}"` : escaped(words, '\\x');
}

function numberIn(value: number, isThere: boolean, json: boolean): string {
  if (isThere) return String(value);
  return json ? 'null' : '-';
}

/** Nobody's target or field may end a line, or look like another one. As nginx writes it; in JSON, RFC 8259 §7. */
function escaped(words: string, prefix: string): string {
  return words.replace(/[^ !#-[\]-~]/g, (one) => {
    return `${prefix}${pad16(one.charCodeAt(0) & 0xff)}`;
  });
}

function pad16(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function requestOf({ method, target, protocol }: AccessEntry): string {
  return protocol === '' ? '' : `${method} ${target} ${protocol}`;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** Of local time, as Apache's mod_log_config has it. */
function commonTime(at: Date): string {
  const month = MONTHS.slice(3 * at.getMonth(), 3 * at.getMonth() + 3);
  const east = -at.getTimezoneOffset();
  const minutes = Math.abs(east);
  const zone = `${east < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`;
  return `${pad(at.getDate(), 2)}/${month}/${at.getFullYear()}:${clockTime(at)} ${zone}`;
}

function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => pad(part, 2)).join(':');
}

/** "512B", "1.2k": one digit behind the point, cut off. */
function sizeOf(bytes: number): string {
  let unit = 0;
  let tenths = bytes * 10;
  for (let left = bytes; left >= 1024; left = Math.floor(left / 1024)) {
    tenths = Math.floor((left * 10) / 1024);
    unit++;
  }
  const digits = unit === 0 ? String(bytes) : `${Math.floor(tenths / 10)}.${tenths % 10}`;
  return `${digits}${'BkMGTPE'[unit]}`;
}

/** One that came with the request, if it can do no harm. */
function idOf({ field, id }: AccessEntry): string {
  const brought = field('x-request-id');
  return /^[\w\-.:+/=~]{1,128}$/.test(brought) ? brought : id;
}

/** SGR of ECMA-48 §8.3.117: what went well is quiet. */
function colourOf({ status, end }: AccessEntry): string {
  if (end !== 'done' || status >= 500) return '\x1b[31m';
  if (status >= 400) return '\x1b[33m';
  return status >= 300 ? '\x1b[36m' : '\x1b[32m';
}
