// The engine as JavaScript sees it. What the numbers mean stands in wire.ts.
import type {
  NativeArena,
  NativeFile,
  NativeMemory,
  NativeNames,
  NativeRoot,
  Symlinks,
} from './files.ts';
import type { NativeLineWriter, NativeLogFormat } from './lines.ts';

export interface EngineLimits {
  readonly maxHeaderSize: number;
  readonly maxTargetSize: number;
  readonly maxConnections: number;
  readonly headerTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly sendTimeoutMs: number;
  /** Of one connection; 0 = any number. */
  readonly keepAliveRequests: number;
  /** After which an answer is the last of its connection; 0 = any time. */
  readonly keepAliveLifeMs: number;
  /** Bytes a second of one answer's body; 0 = as fast as they go. Those before `limitRateAfter` do not count. */
  readonly limitRate: number;
  readonly limitRateAfter: number;
  /** Connections of one client at a time (an IPv4 address, an IPv6 /64); 0 = any number. */
  readonly maxConnectionsPerAddress: number;
  /** Of one client; undefined = any number. */
  readonly requestRate: RequestRate | undefined;
  /** Networks of the clients that may ask (none: all), and of those that may not. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly sendfileMaxChunk: number;
  /** Bytes of a file's piece in a body that is made while it is sent: shorter ones are read. */
  readonly sendfileMin: number;
  /** Request body bytes that are drained to keep a connection; more closes it. */
  readonly maxDrain: number;
  /** Of the first site; 0 = every request. */
  readonly revalidateMs: number;
  /** Of the first site: a query with the parameter `download` is never answered without asking. */
  readonly downloads?: boolean;
  /** The same of the parameter `live`. */
  readonly live?: boolean;
  readonly verifySendfile: boolean;
  /** HTTP/2 beside HTTP/1, by prior knowledge. */
  readonly h2c: boolean;
  /** Each answer says in Server-Timing what its connection speaks. */
  readonly serverTiming: boolean;
}

/** A token bucket. */
export interface RequestRate {
  /** In each period. */
  readonly requests: number;
  readonly periodMs: number;
  /** At once, after a pause. */
  readonly burst: number;
}

/** An answer for the engine. */
export interface EngineReply {
  /** Status, way, reason and whether the connection closes, in one number: see flagsOf. */
  readonly flags: number;
  /** Each line with its CRLF; no Date, no Connection, no empty line. */
  readonly fields: string;
  /** The body's bytes, or where they are. */
  readonly source: Uint8Array | NativeMemory | NativeFile | undefined;
  /** Half-open span of the source. */
  readonly start: number;
  readonly end: number;
  /** Several spans instead of one. Flat: head, start, end, head, start, end… */
  readonly parts: ReadonlyArray<string | number> | undefined;
  /** What follows the last part; in a template of slices, the fields that follow Content-Length. */
  readonly tail: string;
  /** Field lines of the 103 that goes ahead, over HTTP/2 only; empty where none does. */
  readonly early: string;
}

/** A prepared reply of a hot path, with the guard of plan `Memo`. */
export interface HotReply extends EngineReply {
  /** Flat: field index, value, field index, value… */
  readonly guard: ReadonlyArray<number | string>;
  readonly answersHead: boolean;
  readonly etag: string | undefined;
  /** Fields of the 304. */
  readonly notModified: string;
  /**
   * Of plan `Slices`: the reply itself is then the template of the small ones, this one of the large. Their
   * span is the whole file, their fields lack Content-Range and Content-Length.
   */
  readonly large: EngineReply | undefined;
  readonly largeFrom: number;
}

/** One batch of records from the engine, flat: for each WIRE.recordValues, then its fields: index, value… */
export type EngineRecords = ReadonlyArray<string | number | Uint8Array | undefined>;

/** What the engine speaks TLS with. */
export interface EngineTls {
  /** The first is for clients that name none of the names. */
  readonly identities: ReadonlyArray<{
    /** Whose it is: of clients that name a host which has none, it is that of 0. */
    readonly site: number;
    /** In lower case. */
    readonly names: readonly string[];
    /** Flat: certificate and chain, key (PEM), OCSP response (DER, or undefined), … */
    readonly pairs: ReadonlyArray<string | Uint8Array | undefined>;
  }>;
  readonly minVersion: '1.2' | '1.3';
  /** Of TLS 1.2, and of TLS 1.3; as openssl-ciphers(1) names them. */
  readonly ciphers: string;
  readonly suites: string;
  readonly curves: string;
  readonly http2: boolean;
}

/** Which small files the engine keeps by itself. */
export interface EngineKeeping {
  /** Where their copies are. */
  readonly arena: NativeArena;
  /** At most, and bytes of all of them. */
  readonly files: number;
  readonly bytes: number;
  /** Requests for a file, with the last of which it is kept. */
  readonly uses: number;
}

/** An answer without what only an open file tells (site `FileTemplate`), to be given by the engine. */
export interface EngineTemplate {
  /** As of an EngineReply, with places for ETag and Last-Modified (plan/template.ts). */
  readonly fields: string;
  readonly notModified: string;
  /** Flat: smallest size, flags, field lines after Content-Length, … */
  readonly steps: ReadonlyArray<number | string>;
  /** Of a file whose copy is kept: the largest size, flags, field lines; empty where none is to be. */
  readonly cached: ReadonlyArray<number | string>;
  readonly siblings: readonly string[];
  /** Bytes: site `FileTemplate`. */
  readonly hashed: number;
  /** Bit mask of fields. */
  readonly judged: number;
  readonly doubtful: 'none' | 'hexadecimal' | 'hash';
}

/** A virtual host for the engine: those that `createEngine` is given are the sites from 1 on, what stands beside them 0. */
export interface EngineHost {
  /** In lower case; `*.example.org` stands for all below it. */
  readonly names: readonly string[];
  readonly root: NativeRoot;
  readonly symlinks: Symlinks;
  readonly revalidateMs: number;
  readonly downloads?: boolean;
  readonly live?: boolean;
}

/** The values of an EngineReply in turn: with them goes every planned answer. */
type ReplyValues = [
  flags: number,
  fields: string,
  source: EngineReply['source'],
  start: number,
  end: number,
  parts?: EngineReply['parts'],
  tail?: string,
  early?: string,
];

/** `site`: its number, 0 where it is left out. */
export interface NativeEngine {
  /** Those that run: fewer than were asked for where the system has no room for more. */
  readonly threads: number;
  /**
   * Clients that come from now on speak TLS; those that are here stay with what they have. Throws an Error with
   * OpenSSL's reason, and nothing has changed then.
   */
  useTls(tls: EngineTls): void;
  /**
   * Takes clients of these sockets, which listen at one address, by duplicates. `proxyFrom`: networks of proxies that have to
   * say who each client is; those of a Unix socket may all. Throws an Error with `code` (EMFILE…).
   */
  listen(
    descriptors: readonly number[],
    tls: boolean,
    proxyFrom: readonly string[] | undefined,
  ): void;
  /** Answers a request record. */
  reply(id: number, ...reply: ReplyValues): void;
  /** The same to several: one crossing. */
  replyAll(ids: readonly number[], ...reply: ReplyValues): void;
  /**
   * Has the content read of a request record that came without it, at most so many bytes. A record tells what became of it,
   * whatever becomes of the request meanwhile.
   */
  receive(id: number, most: number): void;
  /** Of a request record that is not answered yet: a record tells if nobody waits for its answer any more. */
  watch(id: number): void;
  /**
   * More of the bodies of these replies by `feed`, the same for all: one copy is made. Records tell what has left, once that is
   * 64 KiB, and when nobody takes more.
   */
  feed(ids: readonly number[], bytes: Uint8Array): void;
  /** The same of a span of a file that only grows: from `sendfileMin` bytes on by sendfile where the client can be sent to by it. */
  feedFile(ids: readonly number[], file: NativeFile, start: number, end: number): void;
  /** Nothing more comes: that was all of it, or it cannot be made and its client has to see that. */
  finishFeed(id: number, whole: boolean): void;
  /**
   * A path, as bytes as sent without the query, that the engine may answer once it has a reply. `judged`: bit mask of the
   * fields that a guard must match. `evidence`, flat: root-relative path, version ('' = absent), … `lastsMs`: of plan
   * `Memo`, 0 for none. Returns its handle, which means nothing any more when it is removed, or another root is set.
   */
  add(
    path: string,
    judged: number,
    evidence: readonly string[],
    lastsMs: number,
    site?: number,
  ): number;
  /** The reply in that place among those of the path, or one more. */
  put(handle: number, at: number, reply: HotReply): void;
  remove(handle: number): void;
  /**
   * What is known of a directory (as in requests, without a slash at its end) from now on: its names, the group whose
   * templates its files have, and what is put behind a name in search of a file; where none of these stands, the reply of
   * the path NUL + directory answers, or with `likeAbove` that of the directory above it. The engine opens files there by
   * itself. `patience`: requests after which a record says that it is time to read its names.
   */
  putDirectory(
    path: string,
    names: NativeNames | undefined,
    group: number,
    tried: readonly string[],
    likeAbove: boolean,
    patience: number,
    site?: number,
  ): void;
  removeDirectory(path: string, site?: number): void;
  /** Of an extension (as in requests, without its dot) in all directories of a group. */
  putTemplate(group: number, extension: string, template: EngineTemplate, site?: number): void;
  /** Exchanges that end are told there from now on; undefined: nowhere. */
  logAccess(writer: NativeLineWriter | undefined, format?: NativeLogFormat): void;
  /** Files without a prepared reply are asked for here from the request on before which there were so many; 1 at first. */
  setAdmission(uses: number): void;
  /**
   * A site's root from now on (undefined: there is none), or the assurance that it still is: entries that were made from
   * another one are forgotten. `rules`: path and version, … of the files in it that say how all of it is answered; what was
   * made from others is forgotten too.
   */
  setRoot(root: NativeRoot | undefined, site?: number, rules?: readonly string[]): void;
  /** Was the entry used since the last call? (second chance for the LRU) */
  used(handle: number): boolean;
  /**
   * Sends the span of the file, with what goes before it and after it, on a duplicate of `socketFd`; the end comes as a record.
   * Returns its id.
   */
  transfer(
    socketFd: number,
    file: NativeFile,
    sendfile: boolean,
    start: number,
    end: number,
    before?: string,
    after?: string,
  ): number;
  /** Stops a transfer; its record still comes. */
  cancel(id: number): void;
  /** WIRE.counters, then responses and bytes of each way and reason. */
  stats(): Float64Array;
  /**
   * Others listen where this one did: it accepts nobody, each connection's next answer is its last, and after `graceMs` what
   * is left ends as by `stop(0)`. Each thread sends the record `retired` when it accepts nobody more, and `stopped` at its end.
   */
  retire(graceMs: number): void;
  /**
   * Stops accepting, closes idle connections; each thread sends the record `stopped` when its last
   * connection is gone or the time is over.
   */
  stop(graceMs: number): void;
  /** Lets the process end while this engine runs. */
  unref(): void;
  /**
   * Stops at once; no record comes any more. A thread that hangs in a system call is left to itself, with what it
   * holds, after a quarter of a second. Idempotent.
   */
  close(): void;
}
