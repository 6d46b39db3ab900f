// The native addon as JavaScript sees it. What the numbers mean stands in wire.ts.
import type { NativeLineWriter, NativeLogFormat } from './lines.ts';

/** A root directory held open (O_PATH); every open is relative to it. */
export interface NativeRoot {
  readonly fd: number;
  /** Is it surely what its path names? One look at what the kernel remembers; false where that is not enough. */
  isSame(): boolean;
  close(): void;
}

/** One open file version. The engine holds references of its own: `release` drops only this one, the last closes. */
export interface NativeFile {
  readonly fd: number;
  /** Is it the very version that was opened? One fstat(2); false after `release`. */
  isCurrent(): boolean;
  /**
   * Fills the bytes from this offset of the file on, if that need not wait for a disk and the file is then still what it
   * was when it was opened. False: not all of them are right. By preadv2(2) with RWF_NOWAIT.
   */
  readNow(bytes: Uint8Array, start: number): boolean;
  /**
   * The tag that files/etag makes of the content of an identity, if that is small, need not be waited for and is that of the
   * version that was opened. Undefined also without an OpenSSL that the addon could call.
   */
  contentTag(): string | undefined;
  release(): void;
}

/** Bytes of one file version in mapped memory: a slot of the sealed arena, or the file's own mapping. */
export interface NativeMemory {
  readonly size: number;
  /** Drops this reference; the engine may hold more. */
  release(): void;
  /**
   * The bytes without a copy, for whoever goes on with them after `release`: each call makes a buffer that keeps them.
   * Undefined for a mapping of the file itself (a truncation would fault).
   */
  bytes(): ArrayBuffer | undefined;
  /** The same, lent until `release`, which empties it: one for all that ask. */
  lend(): ArrayBuffer | undefined;
  /** What `lend` has lent, without a call. */
  readonly view?: ArrayBuffer;
}

/**
 * What stands at each path, flat: an errno; or an index of WIRE.opened, and of a file or directory then its handle, which is
 * the receiver's to release, size (bytes), mtimeMs, version ("dev-ino-size-mtimens-ctimens" in hex, from one fstat), and
 * whether sendfile and mmap from its file system are trusted (statfs f_type).
 */
export type Opened = ReadonlyArray<string | number | boolean | NativeFile>;

/** `inside`: links may be followed while they stay beneath the root; `none`: no link in any component; `follow`: anywhere. */
export type Symlinks = 'inside' | 'none' | 'follow';

/** Memory for snapshots: one sealed memfd, mapped once. */
export interface NativeArena {
  /** Copies the file (fstat before and after must agree). In libuv's pool. */
  snapshot(file: NativeFile): Promise<NativeMemory | 'changed' | 'full'>;
  close(): void;
}

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
  /** Request body bytes that are drained to keep a connection; more closes it. */
  readonly maxDrain: number;
  /** Of the first site; 0 = every request. */
  readonly revalidateMs: number;
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
export type EngineRecords = ReadonlyArray<string | number | undefined>;

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

/** Which names stand in a directory, at one version of it. What is absent is surely absent. */
export interface NativeNames {
  readonly count: number;
  mayHave(name: string): boolean;
  /** Directories among them, as bytes; a thousand at most, and none that begins with a dot. */
  readonly directories: readonly string[];
  /**
   * Is the directory at this root-relative path still at that version? At once; false also where that cannot be told
   * without waiting.
   */
  holds(root: NativeRoot, path: string, symlinks: Symlinks): boolean;
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
}

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
  /** Answers a request record. The values of an EngineReply in turn: this call is on the way of every planned answer. */
  reply(
    id: number,
    flags: number,
    fields: string,
    source: EngineReply['source'],
    start: number,
    end: number,
    parts?: EngineReply['parts'],
    tail?: string,
  ): void;
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
   * another one are forgotten.
   */
  setRoot(root: NativeRoot | undefined, site?: number): void;
  /** Was the entry used since the last call? (second chance for the LRU) */
  used(handle: number): boolean;
  /** Sends the span of the file on a duplicate of `socketFd`; the end comes as a record. Returns its id. */
  transfer(
    socketFd: number,
    file: NativeFile,
    sendfile: boolean,
    start: number,
    end: number,
  ): number;
  /** Stops a transfer; its record still comes. */
  cancel(id: number): void;
  /** WIRE.counters, then responses and bytes of each way and reason. */
  stats(): Float64Array;
  /**
   * Others listen where this one did: it accepts nobody, each connection's next answer is its last, and after `graceMs` what
   * is left ends as by `stop(0)`. `stopped` records tell when.
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

/** What is in a directory, packed: directories first, then by name in the order of JavaScript's strings. */
export interface NativeEntries {
  /** In UTF-8, each with a NUL after it. */
  readonly names: Uint8Array;
  /** Two for each name: bytes, or -1 for a directory; mtime in milliseconds. */
  readonly numbers: Float64Array;
  /** Names that are left out because no request can have them (a backslash, not UTF-8), and links that are refused. */
  readonly unnameable: number;
  readonly refused: number;
}

/** Paths stand for what is there now, directories with all beneath them; what is missing grants nothing. */
export interface SandboxGrants {
  readonly read: readonly string[];
  readonly execute: readonly string[];
  /** Directories in which files are made, written and removed; or files. */
  readonly write: readonly string[];
  /** To listen on; none to connect to. Undefined leaves TCP alone. */
  readonly ports: readonly number[] | undefined;
}

export interface NativeAddon {
  openRoot(path: string): NativeRoot;
  /**
   * What the path of an open root names now, looked at in libuv's pool: undefined = the same directory; another one;
   * or the name of the errno with which it cannot be opened.
   */
  reopenRoot(root: NativeRoot): Promise<NativeRoot | string | undefined>;
  /** The same for a path of which nothing is open. */
  reopenRoot(path: string): Promise<NativeRoot | string>;
  /** Opens each path beneath the root, in libuv's pool, in order. Never blocks on FIFOs (O_NONBLOCK). */
  open(root: NativeRoot, paths: readonly string[], symlinks: Symlinks): Promise<Opened>;
  /**
   * The same at once, from what the kernel remembers of the tree (RESOLVE_CACHED, Linux 5.12). Undefined where it would have
   * to wait, and for what is mounted beneath the root.
   */
  openNow(root: NativeRoot, paths: readonly string[], symlinks: Symlinks): Opened | undefined;
  /**
   * Reads a directory that `path` leads to, in libuv's pool, a few milliseconds at a time. Only what a request could
   * get; names that begin with a dot only with `dotfiles`. More than `maxEntries` are EFBIG.
   */
  readDirectory(
    root: NativeRoot,
    directory: NativeFile,
    path: string,
    symlinks: Symlinks,
    dotfiles: boolean,
    maxEntries: number,
  ): Promise<NativeEntries | { readonly errno: string }>;
  /**
   * The names of each directory, read in libuv's pool, one after the other. Undefined where they would not tell what can be
   * opened: there are more than `max`; it was changed in the last three seconds; it ignores case; its file system is not
   * known to move a directory's times with its names, or is not the root's.
   */
  readNames(
    root: NativeRoot,
    paths: readonly string[],
    symlinks: Symlinks,
    max: number,
  ): Promise<ReadonlyArray<NativeNames | undefined>>;
  /**
   * Zeroed bytes that replies share instead of copying them, as a Uint8Array from their start: to be filled before
   * the first reply. Undefined where there is no memory.
   */
  createBytes(size: number): ArrayBuffer | undefined;
  /**
   * Descriptors of `count` sockets that listen at one address, for the caller to close; an empty host is all addresses of
   * IPv6 and IPv4, port 0 any free one. `shared`: also where others listen, if they share the port. Throws an Error with
   * `code` (EADDRINUSE…).
   */
  listen(
    host: string,
    port: number,
    ipv6Only: boolean,
    count: number,
    shared: boolean,
  ): readonly number[];
  /** The same of one at a path, who may connect by its mode; negative: as the umask leaves it. */
  listenAt(path: string, mode: number): readonly number[];
  /** Those of `listen`, `listenAt` or somebody else. */
  closeSockets(descriptors: readonly number[]): void;
  /**
   * Where a socket listens; makes it fit for an engine, whoever has made it. An abstract path begins with "@". Throws an
   * Error with `code` where none listens there (ENOTSOCK, EINVAL).
   */
  adopt(
    descriptor: number,
  ):
    | { readonly host: string; readonly port: number; readonly path?: undefined }
    | { readonly path: string };
  createArena(capacity: number): NativeArena;
  /** To a duplicate of this descriptor. Throws an Error with `code` (EAGAIN, EMFILE…) where there is no room. */
  createLineWriter(fd: number): NativeLineWriter;
  /** The file's own mapping (MAP_SHARED, PROT_READ). */
  mapFile(file: NativeFile, size: number): NativeMemory | undefined;
  /** Throws an Error with `code` (EAGAIN, EMFILE…) where the system has no room for even one thread. */
  createEngine(
    root: NativeRoot,
    symlinks: Symlinks,
    threads: number,
    limits: EngineLimits,
    /** Names of the request fields that its records shall have. */
    fields: readonly string[],
    /** Prepared answers for errors the engine finds itself. */
    errors: ReadonlyArray<readonly [found: number, status: number, fields: string, body: string]>,
    onRecords: (records: EngineRecords) => void,
    keeping?: EngineKeeping,
    hosts?: readonly EngineHost[],
  ): NativeEngine;
  /**
   * Sends what the socket takes of the span at once, by sendfile on this thread, if it is in the page
   * cache. Returns the bytes taken (an engine's `transfer` goes on from there, or finds out what is wrong),
   * or -1 when all were taken and the file was changed meanwhile.
   */
  sendNow(socketFd: number, file: NativeFile, start: number, end: number): number;
  /** Lets the process run for at most this time, then ends it by _exit(2), whatever hangs. */
  exitWithin(status: number, ms: number): void;
  /** uid and gid by name or number; of the user's entry where `group` is empty. -1 for one that is not to be found. */
  findAccount(user: string, group: string): readonly [uid: number, gid: number];
  /**
   * All threads act as that user from now on, with its groups. This one can still bind any port, take root's files
   * (`filesAs`), and give both up (`stay`). Throws an Error with `code`.
   */
  actAs(user: string, gid: number): void;
  /** This thread's files are opened and made as that user. */
  filesAs(uid: number): void;
  /** After `actAs`: nothing gives root back. Throws an Error where something would. */
  stay(uid: number, gid: number): void;
  /**
   * Becomes the program, as the same process, with nothing in reach but what is granted (landlock), and no new privileges
   * (no_new_privs). Returns only by an Error with `code`; this thread may be confined then.
   */
  restartConfined(
    grants: SandboxGrants,
    program: string,
    args: readonly string[],
    environment: readonly string[],
    /** That stay open. */
    descriptors: readonly number[],
  ): never;
  features(): {
    readonly openat2: boolean;
    /** Version of the kernel's interface, 0 where it has none. */
    readonly landlock: number;
    readonly memfdSeal: boolean;
    /** The OpenSSL of this process, such as "OpenSSL 3.0.15 3 Sep 2024"; empty where the engine cannot use it. */
    readonly openssl: string;
  };
  /** What both sides know by number, as the addon has it (wire.ts). Addons before it have none. */
  layout?(): unknown;
}
