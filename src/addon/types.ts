// The native addon as JavaScript sees it. What the numbers mean stands in wire.ts.
import type {
  EngineHost,
  EngineKeeping,
  EngineLimits,
  EngineRecords,
  NativeEngine,
} from './engine.ts';
import type {
  NativeArena,
  NativeEntries,
  NativeFile,
  NativeMemory,
  NativeNames,
  NativeRoot,
  Opened,
  Symlinks,
} from './files.ts';
import type { NativeLineWriter } from './lines.ts';

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
  /** Of a socket, for somebody who closes what he gets. Throws an Error with `code` (EMFILE, EBADF). */
  duplicate(descriptor: number): number;
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
  /**
   * These bytes as a file of memory (memfd_create(2), sealed), as `open` has what it finds. `path` is what records call it.
   * Throws an Error with `code` (ENOMEM, EMFILE…).
   */
  memoryFile(bytes: Uint8Array, mtimeMs: number, path: string): Opened;
  /**
   * How many bytes of this span are in the page cache, by whole pages; nothing is read. In libuv's pool. Undefined where the
   * kernel does not tell: of files that this process might not write (cachestat(2), mincore(2)).
   */
  residentBytes(file: NativeFile, start: number, end: number): Promise<number | undefined>;
  /** Reads the span into the page cache: to its end, with low priority. What a disk refuses shows when it is sent. */
  warm(file: NativeFile, start: number, end: number): Promise<void>;
  /**
   * The file of this descriptor, which is taken over, or another handle of this file: bytes are only ever added at its end from
   * now on, so what it has is sent while that goes on. As `open` has what it finds. In libuv's pool.
   */
  growingFile(source: number | NativeFile, path: string): Promise<Opened>;
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
   * All threads act as that user from now on, with its groups. This one can still bind any port, lock memory, take root's
   * files (`filesAs`), and give all that up (`stay`). Throws an Error with `code`.
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
  /** sd_notify(3), to the address in NOTIFY_SOCKET. Throws an Error with `code` where nobody takes it. */
  tellServiceManager(address: string, state: string): void;
  /**
   * Is this file of this process alone now? Until the file is closed, or the process ends. By flock(2). Throws an Error with
   * `code` where the file system has no locks.
   */
  lockFile(fd: number): boolean;
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
