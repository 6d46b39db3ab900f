// The formats of archives: what each is called, and which this Node can write.
import { pipeline, Readable, type Transform } from 'node:stream';
import type zlib from 'node:zlib';
import type { ArchiveFormat } from '../plan/types.ts';
import type { ArchivedFile, Pack } from './entry.ts';
import { packTar } from './tar.ts';
import { zipBy } from './zip.ts';

/** Loaded with the first archive. Zstandard is not in the types of the oldest Node that this runs on. */
const loadZlib = () =>
  process.getBuiltinModule('node:zlib') as typeof zlib & {
    readonly createZstdCompress: () => Transform;
  };

/** It came with Node 22.15 and 23.8. */
const hasZstd = process.versions.zstd !== undefined;

/** Those that this Node can write. */
export const FORMATS: readonly ArchiveFormat[] = [
  'tar',
  'tar.gz',
  ...(hasZstd ? ['tar.zst' as const] : []),
  'zip',
];

export const MEDIA_TYPES: Readonly<Record<ArchiveFormat, string>> = {
  tar: 'application/x-tar',
  'tar.gz': 'application/gzip',
  'tar.zst': 'application/zstd',
  zip: 'application/zip',
};

export function packerOf(format: ArchiveFormat, compresses: (file: ArchivedFile) => boolean): Pack {
  switch (format) {
    case 'tar':
      return packTar;
    case 'tar.gz':
      return through(() => loadZlib().createGzip());
    case 'tar.zst':
      return through(() => loadZlib().createZstdCompress());
    case 'zip':
      return zipBy(compresses);
  }
}

/** Encoded piece by piece in libuv's pool, by one of its threads at a time. */
function through(encoder: () => Transform): Pack {
  return async function* encoded(entries) {
    const output = pipeline(Readable.from(packTar(entries)), encoder(), () => {
      // Whatever fails is the reader's to throw.
    });
    yield* output;
  };
}
