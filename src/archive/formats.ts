// The formats of archives: what each is called, and which this Node can write.
import { pipeline, Readable, type Transform } from 'node:stream';
import { ENCODERS } from '../encode/encoders.ts';
import { loadZlib } from '../packages/packages.ts';
import type { ArchiveFormat } from '../plan/types.ts';
import type { ArchivedFile, Pack } from './entry.ts';
import { packTar } from './tar.ts';
import { zipBy } from './zip.ts';

/** Those that this Node can write. */
export const FORMATS: readonly ArchiveFormat[] = [
  'tar',
  'tar.gz',
  ...(ENCODERS.includes('zstd') ? ['tar.zst' as const] : []),
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
      return through(zstdEncoder);
    case 'zip':
      return zipBy(compresses);
  }
}

function zstdEncoder(): Transform {
  const { createZstdCompress } = loadZlib();
  if (createZstdCompress === undefined) throw new Error('this Node has no Zstandard');
  return createZstdCompress();
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
