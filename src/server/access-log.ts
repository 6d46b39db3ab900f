// The access log of a server: where its lines go, and who writes them.
import { randomBytes } from 'node:crypto';
import { closeSync, constants, open as openFile } from 'node:fs';
import { promisify } from 'node:util';
import type { NativeLineWriter, NativeLogFormat } from '../addon/lines.ts';
import type { NativeAddon } from '../addon/types.ts';
import { userIn } from '../http/credentials.ts';
import { type AccessEntry, accessLine } from '../log/access-line.ts';
import { createLineWriter, type LineWriter } from '../log/line-writer.ts';
import type { Log } from '../log/log.ts';
import type { Options } from '../options/options.ts';
import { type AccessFormat, accessFormatOf } from '../rules/access-format.ts';
import { clientOf } from '../rules/forwarded.ts';
import { inNetworks } from '../rules/networks.ts';
import type { Ended, TellEnded } from '../transport/ended.ts';
import { cannotLog } from './problems.ts';

export interface AccessLogStats {
  /** Lines since the start. */
  readonly written: number;
  /** Those for which there was no room: on the disk, or in the queue before a reader that is slow. */
  readonly lost: number;
}

/** The file of lines. Those who write to it at the same time do not mix their lines. */
export interface AccessLogFile {
  readonly path: string;
  /** Opens the file anew, for somebody has moved it away. Rejects where it cannot, and the old one goes on. */
  reopen(): Promise<void>;
  stats(): AccessLogStats;
  /** For one who writes lines of this form, until he closes his log: with the last one the file is closed. */
  logFor(options: Pick<Options, 'accessFormat' | 'trustProxy'>): AccessLog;
}

export interface AccessLog {
  readonly file: AccessLogFile;
  /** With these the engine makes and hands over its lines by itself; undefined without the addon. */
  readonly native:
    | { readonly writer: NativeLineWriter; readonly format: NativeLogFormat }
    | undefined;
  /** For the carriers without an engine. */
  readonly tell: TellEnded;
  /** Resolves when all lines are written or lost, or it has waited for a second. */
  close(): Promise<void>;
}

/** For its user and group: it tells who has read what. */
const MODE = 0o640;
/** A pipe that nobody reads is an error, and one that is full makes nobody wait. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;
const STDOUT = 1;

/** How often it is looked whether lines were lost, milliseconds. */
const LOOK_MS = 1000;
/** Time for the last lines, milliseconds. */
const LAST_LINES_MS = 1000;
const POLL_MS = 5;
/** Bytes that wait, as in native/base/line_writer.h. */
const MAX_QUEUED = 4 * 2 ** 20;

/** Who writes them: a thread of the addon, or libuv's pool. */
interface Lines {
  readonly writer: Pick<LineWriter, 'write' | 'written' | 'lost' | 'error'>;
  /** Takes over the descriptor. */
  reopen(fd: number): void;
  end(): Promise<void>;
}

/** Rejects with a StartError where its file (`-`: standard output) cannot be opened. */
export async function openAccessLog(
  path: string,
  addon: NativeAddon | undefined,
  log: Log,
): Promise<AccessLogFile> {
  const fd = await openLog(path);
  if (addon === undefined) return accessLogFile(path, linesByNode(fd), undefined, log);
  try {
    const writer = addon.createLineWriter(fd);
    return accessLogFile(path, linesByAddon(writer), writer, log);
  } finally {
    if (fd !== STDOUT) closeSync(fd);
  }
}

async function openLog(path: string): Promise<number> {
  if (path === '-') return STDOUT;
  try {
    return await promisify(openFile)(path, FLAGS, MODE);
  } catch (error) {
    throw cannotLog(path, error);
  }
}

function formatFor(path: string, { accessFormat }: Pick<Options, 'accessFormat'>): AccessFormat {
  const isTerminal = path === '-' && process.stdout.isTTY === true;
  const name = accessFormat !== 'auto' ? accessFormat : isTerminal ? 'pretty' : 'combined';
  return accessFormatOf(name, isTerminal);
}

function nativeFormat({ steps, json }: AccessFormat, proxies: readonly string[]): NativeLogFormat {
  return {
    steps: steps.flatMap((step) => [step.value, step.with]),
    json,
    proxies,
    id: newIdPrefix(),
  };
}

/** What is told of exchanges, as a line says it. */
function entries(proxies: readonly string[]): (ended: Ended) => AccessEntry {
  const isProxy = inNetworks(proxies);
  const prefix = newIdPrefix();
  let number = 0;
  return ({ began, request, protocol, status, way, reason, bytes, how }) => {
    const { method, target, tls, field } = request;
    const peer = request.peer.replace(/^::ffff:(?=\d+\.)/i, '');
    return {
      at: Date.now(),
      ms: Math.round(performance.now() - began),
      client: clientOf(peer, field('x-forwarded-for'), field('forwarded'), isProxy),
      peer,
      user: userIn(field('authorization')),
      method,
      target,
      protocol: method === '' ? '' : PROTOCOLS[protocol],
      // As nginx has it: the client was gone before there was an answer.
      status: status === 0 && how === 'gone' ? 499 : status,
      bytes,
      end: how,
      strategy: way ?? '',
      reason: reason ?? '',
      tls,
      id: `${prefix}${++number}`,
      field,
    };
  };
}

const PROTOCOLS = { 'http/1.0': 'HTTP/1.0', 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2.0' } as const;

/** Of one process, so that no two have made the same id. */
function newIdPrefix(): string {
  return `${randomBytes(6).toString('base64url')}-`;
}

function accessLogFile(
  path: string,
  lines: Lines,
  native: NativeLineWriter | undefined,
  log: Log,
): AccessLogFile {
  const { writer } = lines;
  let users = 0;
  let told = 0;
  const look = () => {
    const { lost, error } = writer;
    if (lost > told) log.warn(`access log: ${lost - told} lines lost: ${error}`, 'access-log');
    told = lost;
  };
  const watch = setInterval(look, LOOK_MS).unref();
  const file: AccessLogFile = {
    path,
    async reopen() {
      if (path !== '-') lines.reopen(await openLog(path));
    },
    stats: () => ({ written: writer.written, lost: writer.lost }),
    logFor(options) {
      const { trustProxy } = options;
      const format = formatFor(path, options);
      const entryOf = entries(trustProxy);
      const { tell, flush } = tellTo(writer, (ended) => accessLine(format, entryOf(ended)));
      users++;
      const close = async () => {
        flush();
        users--;
        if (users > 0) return;
        await lines.end();
        clearInterval(watch);
        look();
      };
      let closed: Promise<void> | undefined;
      return {
        file,
        native: native && { writer: native, format: nativeFormat(format, trustProxy) },
        tell,
        close: () => (closed ??= close()),
      };
    },
  };
  return file;
}

/** Lines of one turn of the event loop go together. */
function tellTo(writer: Lines['writer'], lineOf: (ended: Ended) => string) {
  let text = '';
  let count = 0;
  const flush = () => {
    if (count > 0) writer.write(text, count);
    text = '';
    count = 0;
  };
  const tell = (ended: Ended) => {
    if (count === 0) setImmediate(flush);
    text += lineOf(ended);
    count++;
  };
  return { tell, flush };
}

function linesByAddon(writer: NativeLineWriter): Lines {
  return {
    writer,
    reopen(fd) {
      try {
        writer.reopen(fd);
      } finally {
        closeSync(fd);
      }
    },
    async end() {
      writer.end();
      const deadline = performance.now() + LAST_LINES_MS;
      while (!writer.ended && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
  };
}

function linesByNode(fd: number): Lines {
  const writer = createLineWriter(fd, MAX_QUEUED);
  return {
    writer,
    reopen: (next) => writer.reopen(next),
    async end() {
      await writer.drained(LAST_LINES_MS);
      if (fd !== STDOUT) writer.close();
    },
  };
}
