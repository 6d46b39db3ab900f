// zip, with Zip64 where something is too large for less. APPNOTE.TXT 6.3.10.
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { loadYazl } from '../packages/packages.ts';
import {
  type ArchivedFile,
  type ArchiveEntry,
  DIRECTORY_MODE,
  FILE_MODE,
  type Pack,
} from './entry.ts';

/** `compresses`: does a file get smaller? By deflate, in libuv's pool. */
export function zipBy(compresses: (file: ArchivedFile) => boolean): Pack {
  return async function* packZip(entries) {
    const zip = new (loadYazl().ZipFile)();
    const output = zip.outputStream as Readable;
    zip.once('error', (error) => output.destroy(error));
    // Whatever fails is the reader's to throw.
    const packing = pack().catch((error) => void output.destroy(error));
    try {
      yield* output;
    } finally {
      output.destroy();
      await packing;
    }

    async function pack(): Promise<void> {
      for await (const entry of entries) {
        if (output.destroyed) return;
        await add(entry);
      }
      zip.end();
    }

    /** Settles when all of it was read: entries come one after the other. */
    async function add({ name, mtimeMs, file }: ArchiveEntry): Promise<void> {
      const mtime = new Date(mtimeMs);
      if (file === undefined) {
        zip.addEmptyDirectory(name, { mtime, mode: DIRECTORY_MODE });
        return;
      }
      const body = Readable.from(file.bytes, { objectMode: false });
      const stop = () => body.destroy();
      output.once('close', stop);
      zip.addReadStream(body, name, {
        mtime,
        mode: FILE_MODE,
        size: file.size,
        compress: compresses(file),
      });
      await finished(body).finally(() => output.off('close', stop));
    }
  };
}
