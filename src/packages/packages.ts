// Packages that are loaded when they are first needed. All by the require() of one createRequire(): what traces the files
// of an app (Nitro, Next, Vercel) follows one in a file, and esbuild gives a second one another name.
import type crypto from 'node:crypto';
import { createRequire } from 'node:module';
import type { Transform } from 'node:stream';
import type zlib from 'node:zlib';
import type contentDisposition from 'content-disposition';
import type entityTag from 'etag';
import type mimeTypes from 'mime-types';
import type * as modernTar from 'modern-tar';
import type picomatch from 'picomatch';
import type promClient from 'prom-client';
import type yazl from 'yazl';

const require = createRequire(import.meta.url ?? __filename);
// A bundle that has left its packages behind fails when it starts, not with its first answer.
require.resolve('etag');

export const loadEtag = () => require('etag') as typeof entityTag;

export const loadContentDisposition = () =>
  require('content-disposition') as typeof contentDisposition;

export const loadMimeTypes = () => require('mime-types') as typeof mimeTypes;

export const loadPicomatch = () => require('picomatch') as typeof picomatch;

export const loadPromClient = () => require('prom-client') as typeof promClient;

export const loadModernTar = () => require('modern-tar') as typeof modernTar;

export const loadYazl = () => require('yazl') as typeof yazl;

/** For a thread that loads it. */
export const bcryptPath = () => require.resolve('bcryptjs');

/** Zstandard came with Node 22.15 and 23.8: it is not in the types of the oldest one that this runs on. */
interface Zstd {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Buffer;
  readonly zstdDecompressSync?: (bytes: Uint8Array, options: object) => Buffer;
  readonly createZstdCompress?: () => Transform;
}

export const loadZlib = () => require('node:zlib') as typeof zlib & Zstd;

export const loadCrypto = () => require('node:crypto') as typeof crypto;
