// The formats of archives: what each is called, and which this Node can write.
import { pipeline, Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { ArchiveFormat } from '../plan/types.ts';
import type { ArchivedFile, Pack } from './entry.ts';
import { packTar } from './tar.ts';
import { zipBy } from './zip.ts';

/** Zstandard came with Node 22.15 and 23.8. */
const { createZstdCompress } = zlib as { readonly createZstdCompress?: () => Transform };

/** Those that this Node can write. */
export const FORMATS: readonly ArchiveFormat[] = [
  'tar',
  'tar.gz',
  ...(createZstdCompress === undefined ? [] : ['tar.zst' as const]),
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
      return through(() => zlib.createGzip());
    case 'tar.zst':
      if (createZstdCompress === undefined) throw new Error('this Node has no Zstandard');
      return through(createZstdCompress);
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
