// The vocabulary of an answer: representations in, response plans out. Plain values, no I/O, no clock.
import type { FieldList } from '../http/field-list.ts';
import type { Redirect } from '../rules/redirects.ts';
import type { RequestField } from './request.ts';

/** How body bytes reach the socket: one writev from mapped memory, sendfile(2), or read + write. */
export type Strategy = 'mmap' | 'sendfile' | 'read';

/**
 * Why a strategy was chosen.
 * size: by the size thresholds · hot: small and used often enough to be in the cache · cold: small, not
 * (yet) used often enough · budget: the cache has no room · tls: bytes must pass user space ·
 * transport: the connection cannot take a descriptor · filesystem: this file system's sendfile or mmap is
 * not trusted · refused: the kernel refused sendfile for this file · no-addon: the native addon is not
 * loaded · forced: the `strategy` option.
 */
export type Reason =
  | 'size'
  | 'hot'
  | 'cold'
  | 'budget'
  | 'tls'
  | 'transport'
  | 'filesystem'
  | 'refused'
  | 'no-addon'
  | 'forced';

export interface Choice {
  readonly strategy: Strategy;
  readonly reason: Reason;
}

/** Half-open byte span: start ≤ end, both in bytes from the start of the representation. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Content codings that may exist as precompressed siblings. RFC 9110 §8.4.1, RFC 7932, RFC 8878. */
export type FileCoding = 'br' | 'zstd' | 'gzip';

/** Those by a dictionary that the client has: dictionary-compressed Brotli and Zstandard. RFC 9842 §4, §5. */
export type DictionaryCoding = 'dcb' | 'dcz';

/** What a representation may be encoded by. */
export type Coding = 'identity' | FileCoding | DictionaryCoding;

/** One version of one file in one content coding: all that a plan needs to know of it. */
export interface Representation {
  /** Path relative to the root, `/`-separated, no leading slash: for rules and log lines. */
  readonly path: string;
  readonly coding: Coding;
  /** The dictionary that it is for, as Available-Dictionary names it (RFC 9842 §2.2). */
  readonly dictionary?: string | undefined;
  /** Bytes. */
  readonly size: number;
  /** Modification time, milliseconds since the epoch (may have a fraction). */
  readonly mtimeMs: number;
  /** Strong entity-tag with its quotes, or undefined where ETags are off. */
  readonly etag: string | undefined;
  /** HTTP-date (RFC 9110 §5.6.7), or undefined where it is off. */
  readonly lastModified: string | undefined;
  /** Fields that a 304 repeats: ETag, Last-Modified, Cache-Control, Vary, Accept-Ranges, rules… */
  readonly fields: FieldList;
  /** Fields that describe content: Content-Type, Content-Encoding… (200 and 206 only). No Content-Length. */
  readonly contentFields: FieldList;
  /** Repr-Digest, once it is known: in the head of a 200 or 206, in no 304 and no part. */
  readonly digestFields: FieldList;
  /** Of a page, those of its fields that may go ahead of it (RFC 8297). */
  readonly early?: FieldList | undefined;
  /** May its bytes come from the mmap cache now, i.e. are they in memory? */
  readonly cached: boolean;
  /** Requests so far that wanted its bytes; decides when it is hot. */
  readonly uses: number;
  /** Is its file system's sendfile/mmap trusted (statfs)? */
  readonly trusted: boolean;
  /** Did the kernel refuse sendfile for it before? */
  readonly refused: boolean;
  /** Hot, but the mmap cache had no room for it. */
  readonly crowded?: boolean;
  /** May an encoded form of it be made, so that the resource has another one by then? */
  readonly encodable?: boolean;
}

/** The representations of one resource. */
export interface Resource<F extends Representation> {
  readonly identity: F;
  /** Precompressed siblings that are not older than the identity, in no particular order. */
  readonly variants: readonly F[];
}

/**
 * What a resolution rests on: this root-relative path had this version (opaque; empty = it did not
 * exist). While all evidence holds, resolving again would give the same resolution.
 */
export interface Evidence {
  readonly path: string;
  readonly version: string;
}

/** What a miss rests on, and the request fields that had a say in it. */
export interface Miss {
  readonly evidence: readonly Evidence[];
  /** Those of it that are not of the path itself, but of the page for all that is missing where it was looked for. */
  readonly shared?: readonly Evidence[];
  readonly judged: readonly RequestField[];
}

/** What would have answered a miss: said to nobody but whoever runs the server. `listing`: that option. */
export type Advice = 'listing' | 'https';

/** Entries of a directory, packed: an object for each would take ten times the memory. */
export interface ListingRun {
  /** In UTF-8, each with a NUL after it. */
  readonly names: Uint8Array;
  /** Two for each name: bytes, or -1 for a directory; mtime, milliseconds since the epoch. */
  readonly numbers: Float64Array;
}

/** What is in a directory. */
export interface Contents {
  readonly kind: 'contents';
  readonly count: number;
  readonly runs: readonly ListingRun[];
  /** Are they in order already: directories first, then by name (plan/natural-order.ts)? */
  readonly sorted: boolean;
}

/** A directory that is to be listed. */
export interface Listing {
  readonly kind: 'listing';
  /** Decoded path of the directory with leading and trailing slash. */
  readonly path: string;
  /** Of the directory itself: moves when names come and go. */
  readonly version: string;
  /** What it rests on that nothing else stands there. */
  readonly evidence: readonly Evidence[];
}

/**
 * While what holds the contents of a directory may be told again. Its version does not move with what happens to its
 * files, so no look at it makes them last for longer.
 */
export interface Lease {
  readonly evidence: readonly Evidence[];
  /** Milliseconds from now. */
  readonly ms: number;
}

/** The page of a directory, in the form that the request asks for (plan/listing.ts). */
export interface ListingPage {
  readonly kind: 'page';
  readonly bytes: Uint8Array;
  /** Strong entity-tag with its quotes, or undefined where ETags are off. */
  readonly etag: string | undefined;
  /** SHA-256 in base64, or undefined where digests are off. */
  readonly hash: string | undefined;
  /** Undefined where the next one who asks shall have the directory read anew. */
  readonly lease: Lease | undefined;
}

/** What a directory can be had as, with all that is below it. */
export type ArchiveFormat = 'tar' | 'tar.gz' | 'tar.zst' | 'zip';

/** A directory and what is below it as one file, which is made while it is sent. */
export interface Archive {
  readonly kind: 'archive';
  /** Content-Type and Content-Disposition. */
  readonly fields: FieldList;
  readonly open: OpenFeed<never>;
}

/** How a file is sent while it grows: as a range up to `last` (the digits as they were sent), all of it, or line by line. */
export type LiveForm =
  | { readonly kind: 'range'; readonly last: string }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'events' };

/** A file that is sent on while it grows. */
export interface Live<F extends Representation> {
  readonly kind: 'live';
  readonly form: LiveForm;
  readonly resource: Resource<F>;
  /** Of what it is now. */
  readonly validators: Pick<Representation, 'etag' | 'lastModified'>;
  /** Bytes, now. */
  readonly size: number;
  /** Offset of the first byte. */
  readonly from: number;
  readonly open: OpenFeed<F>;
}

/** What a request-target names. Closed: `plan` switches over it, once a listing has its page. */
export type Resolution<F extends Representation> =
  | {
      readonly kind: 'file';
      readonly resource: Resource<F>;
      readonly evidence: readonly Evidence[];
      /** 200, or the status of the custom page that this file is (404.html for a miss). */
      readonly status: number;
      /** Request fields that chose this file besides the path: `accept` for an SPA's fallback. */
      readonly judged?: readonly RequestField[];
      /** Is it offered live? Then a range without an end has no complete length (RFC 8673 §2.1). */
      readonly grows?: true;
      /** Of a custom page: the miss that it stands for, and what that rests on. */
      readonly miss?: Miss;
    }
  | Redirect
  | Listing
  | ({ readonly kind: 'not-found'; readonly advice?: Advice } & Partial<Miss>)
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'bad-path' }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'failed'; readonly errno: string };

export type Plannable<F extends Representation> =
  | Exclude<Resolution<F>, Listing>
  | ListingPage
  | Archive
  | Live<F>;

export interface Part {
  /** Delimiter and part head, ending in CRLF CRLF. */
  readonly head: string;
  readonly span: Span;
}

/** Bytes of a file that only grows, which are there and will not change: they leave without passing through here where they can. */
export interface FilePiece<F extends Representation> {
  readonly file: F;
  readonly span: Span;
}

/** Who takes a body that is made while it is sent. */
export interface Gone {
  /** Nobody takes any more of it. */
  readonly aborted: boolean;
  /** That, or the server ends: what only waits for more ends now, whole; at the end of the grace it is cut off. */
  readonly ending: boolean;
  /** Calls it as soon as one of them is true (at once where it is), and again where the other follows. The last one alone counts. */
  onEnd(run: () => void): void;
}

/**
 * Begins to make a body, once its head is on its way. What it gives is used up before the next is asked for. Where it throws,
 * the client sees an answer that is not whole. Where many give the same object at the same time, it crosses to the engine once.
 */
export type OpenFeed<F extends Representation> = (
  gone: Gone,
) => AsyncIterable<Uint8Array | FilePiece<F>>;

/** The body as a value; a transport has one exhaustive switch over `kind`. */
export type Body<F extends Representation> =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Made while it is sent: nobody knows its length, so there is no Content-Length. */
  | {
      readonly kind: 'feed';
      readonly open: OpenFeed<F>;
      /** It waits for what comes, and its client for that: one that has half-closed (RFC 9112 §9.6) takes no more of it. */
      readonly live?: boolean;
    }
  | { readonly kind: Strategy; readonly reason: Reason; readonly file: F; readonly span: Span }
  | {
      readonly kind: 'parts';
      readonly strategy: Strategy;
      readonly reason: Reason;
      readonly file: F;
      readonly parts: readonly Part[];
      /** Closing delimiter. */
      readonly tail: string;
    };

/**
 * The whole answer as a value. `fields` hold Content-Length where one is due and never Date or
 * Connection: those are the transport's.
 */
export interface ResponsePlan<F extends Representation> {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Body<F>;
  /** Must the connection close after this answer? */
  readonly close: boolean;
  /** When and for how long the engine may repeat this answer without asking; see plan/memo.ts. */
  readonly memo: Memo | undefined;
  /** Content-Digest is wanted, of what is sent of this body: whoever has the bytes adds it. */
  readonly wantsDigest?: true;
  /** Fields of a 103 (RFC 8297) for whoever can take one: over HTTP/1.1 an old client may take it for the answer (§2). */
  readonly early?: FieldList | undefined;
  /** Of a failure of the server's own (5xx): what the system called it. */
  readonly errno?: string;
  /** Whose answer it is, where it is a file's: also of a 304 or HEAD, which carry none. */
  readonly resource?: Resource<F>;
}

/**
 * Every 206 of one range that a file can have (RFC 9110 §15.3.7.1): they differ in Content-Range and
 * Content-Length, and by their length in how they are sent.
 */
export interface Slices {
  /** Those before Content-Range and Content-Length. */
  readonly fields: FieldList;
  /** Of ranges shorter than `largeFrom` bytes, and of the others; `fields` follow Content-Length. */
  readonly small: Choice & { readonly fields: FieldList };
  readonly large: Choice & { readonly fields: FieldList };
  readonly largeFrom: number;
}

/**
 * The licence to repeat an answer: any GET (or HEAD, where `head`) whose path bytes are the same, whose
 * `judged` fields are all exactly as in `guard` (absent where the guard does not name them), and whose
 * evidence still holds, gets the same answer. A request that differs only in an If-None-Match equal to
 * `etag` gets a 304 with `notModified`.
 */
export interface Memo {
  readonly guard: ReadonlyArray<readonly [name: RequestField, value: string]>;
  readonly judged: readonly RequestField[];
  readonly head: boolean;
  readonly etag: string | undefined;
  readonly notModified: FieldList;
  /**
   * Of the 206 of one range: any other Range that asks for one range of the file may be answered likewise.
   * The guard does not hold for Range then, nor for an If-Range equal to `etag`.
   */
  readonly slices: Slices | undefined;
  readonly evidence: readonly Evidence[];
  /** Of a 404: as of `Miss`. Whatever else is missing there has the same answer, while this holds. */
  readonly shared: readonly Evidence[] | undefined;
  /**
   * Of a listing, which names that come and go change at once, and a query: the evidence is looked at for each request,
   * none that has a query is meant, and after so long (ms) nothing holds.
   */
  readonly lastsMs?: number;
}

/** The operator's thresholds; fixed for a site's life. */
export interface StrategyLimits {
  readonly forced: 'auto' | Strategy;
  /** Largest file that the mmap cache takes, bytes. */
  readonly mmapMax: number;
  /** Smallest body sent by sendfile, bytes. */
  readonly sendfileMin: number;
}

/**
 * How far bodies get by the connection of a request, which whoever received it knows. `engine`: descriptors, and answers
 * that have a memo are repeated; `engine-tls`: the same, but only bytes, to be encrypted; `socket`: descriptors; `memory`:
 * only bytes; `tls`: only bytes, to be encrypted; `none`: only bytes, and there is no addon.
 */
export type Reach = 'engine' | 'engine-tls' | 'socket' | 'memory' | 'tls' | 'none';
