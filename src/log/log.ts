// The operator's log: lines on stderr, each key at most once per interval.
import { LRUCache } from 'lru-cache';
import { standardError } from './line-writer.ts';

/** Something the operator should know; the same key is logged at most once per interval. */
export interface Log {
  info(message: string): void;
  warn(message: string, key?: string): void;
  error(message: string, key?: string): void;
}

export type Level = 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly format: 'text' | 'json';
  /** Least level that is written; `silent` writes none. */
  readonly level: Level | 'silent';
  /** A key is written once per this time, milliseconds; what it suppressed is counted on its next line. */
  readonly intervalMs: number;
  /** Takes whole lines. Never throws. */
  readonly write: (text: string, lines: number) => void;
  /** Lines that could not be written since this was asked last: they are told with the next. */
  readonly takeLost: () => number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

const WEIGHT: Readonly<Record<Level | 'silent', number>> = {
  info: 0,
  warn: 1,
  error: 2,
  silent: 3,
};

/** Keys may come from paths that clients choose; the oldest are forgotten. */
const MAX_KEYS = 1000;

interface Gate {
  readonly until: number;
  suppressed: number;
}

export function createLog(options: Partial<LogOptions> = {}): Log {
  const {
    format = 'text',
    level: least = 'info',
    intervalMs = 60_000,
    write = standardError.write,
    takeLost = standardError.takeLost,
    now = () => performance.now(),
  } = options;
  const gates = new LRUCache<string, Gate>({ max: MAX_KEYS });
  const lineOf = format === 'json' ? json : text;

  const log = (level: Level, message: string, key?: string) => {
    if (WEIGHT[level] < WEIGHT[least]) return;
    let suppressed = 0;
    if (key !== undefined) {
      const gate = gates.get(key);
      if (gate !== undefined && now() < gate.until) {
        gate.suppressed++;
        return;
      }
      suppressed = gate?.suppressed ?? 0;
      gates.set(key, { until: now() + intervalMs, suppressed: 0 });
    }
    const lost = takeLost();
    const told =
      lost === 0 ? '' : lineOf('warn', `${lost} lines of this log could not be written`, 0);
    write(told + lineOf(level, message, suppressed), lost + 1);
  };

  return {
    info: (message) => log('info', message),
    warn: (message, key) => log('warn', message, key),
    error: (message, key) => log('error', message, key),
  };
}

function text(level: Level, message: string, suppressed: number): string {
  const more = suppressed === 0 ? '' : ` (and ${suppressed} more like it)`;
  return `zcserve: ${level === 'info' ? '' : `${level}: `}${printable(message)}${more}\n`;
}

function json(level: Level, message: string, suppressed: number): string {
  const record = { time: new Date().toISOString(), level, message };
  return `${JSON.stringify(suppressed === 0 ? record : { ...record, suppressed })}\n`;
}

/** File names may hold control characters: one message stays one line and sends nothing to a terminal. */
function printable(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  return message.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** What the log says of something that was thrown: with its stack, for nobody expected it. */
export function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
