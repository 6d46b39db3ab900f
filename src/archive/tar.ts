// tar: ustar headers, and those of pax before what they cannot hold. POSIX.1-2017 pax, "ustar Interchange Format".
import { loadModernTar } from '../packages/packages.ts';
import { type ArchiveEntry, DIRECTORY_MODE, FILE_MODE } from './entry.ts';

/**
 * The library has up to 8 MiB on their way to whoever takes them too slowly (its ByteLengthQueuingStrategy), and throws where
 * a file is longer or shorter than its header says.
 */
export async function* packTar(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Uint8Array> {
  const { readable, controller } = loadModernTar().createTarPacker();
  // Whatever fails is the reader's to throw.
  const packing = pack().catch((error) => controller.error(error));
  try {
    for await (const chunk of readable) yield chunk;
  } finally {
    await packing;
  }

  async function pack(): Promise<void> {
    for await (const { name, mtimeMs, file } of entries) {
      const body = controller.add({
        name,
        mtime: new Date(Math.max(0, mtimeMs)),
        size: file?.size ?? 0,
        type: file ? 'file' : 'directory',
        mode: file ? FILE_MODE : DIRECTORY_MODE,
        // A name in a ustar header is of no known encoding.
        ...(isAscii(name) ? {} : { pax: { path: name } }),
      });
      const writer = body.getWriter();
      if (file) for await (const bytes of file.bytes) await writer.write(bytes);
      await writer.close();
    }
    controller.finalize();
  }
}

function isAscii(text: string): boolean {
  return !/[^\p{ASCII}]/u.test(text);
}
