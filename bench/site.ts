// The files that every server of the benchmark serves: made once, the same bytes on every machine.
import { createCipheriv, createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A file under the served root. `path` is its URL path; text files have a `.gz` sibling. */
export interface Asset {
  readonly path: string;
  readonly size: number;
  readonly content: 'noise' | 'text';
}

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

const CHUNK = 4 * MIB;

/** On disk before it is used: dirty pages can't be dropped from the page cache. */
const FLUSHED = { flush: true } as const;

/** A file of incompressible bytes, named by its size: `/512.bin`, `/4k.bin`, `/64m.bin`. */
export function sized(size: number): Asset {
  return { path: `/${sizeName(size)}.bin`, size, content: 'noise' };
}

/** One of the large files that a cold-disk scenario drops from the page cache. */
export function coldFile(index: number): Asset {
  return { path: `/cold/${index}.bin`, size: 32 * MIB, content: 'noise' };
}

/** 4096 → "4k". Sizes that are no whole unit stay in bytes. */
export function sizeName(size: number): string {
  if (size >= GIB && size % GIB === 0) return `${size / GIB}g`;
  if (size >= MIB && size % MIB === 0) return `${size / MIB}m`;
  if (size >= KIB && size % KIB === 0) return `${size / KIB}k`;
  return `${size}`;
}

export const script: Asset = { path: '/app.js', size: 120 * KIB, content: 'text' };

/**
 * One page view of a documentation site: its pages, styles, scripts, fonts and pictures. The sizes
 * are made up, in the range that each kind usually has.
 */
export const pageView: readonly Asset[] = [
  asset('/site/index.html', 9_412, 'text'),
  asset('/site/guide.html', 31_077, 'text'),
  asset('/site/theme.css', 18_230, 'text'),
  asset('/site/print.css', 2_304, 'text'),
  asset('/site/app.js', 61_901, 'text'),
  asset('/site/search.js', 24_566, 'text'),
  asset('/site/icons.svg', 6_120, 'text'),
  asset('/site/logo.svg', 1_388, 'text'),
  asset('/site/inter.woff2', 28_672, 'noise'),
  asset('/site/mono.woff2', 21_504, 'noise'),
  asset('/site/hero.webp', 142_336, 'noise'),
  asset('/site/shot-1.webp', 48_204, 'noise'),
  asset('/site/shot-2.webp', 39_870, 'noise'),
  asset('/site/avatar-1.png', 3_215, 'noise'),
  asset('/site/avatar-2.png', 2_790, 'noise'),
  asset('/site/favicon.ico', 1_150, 'noise'),
];

/**
 * The files of HttpArena's tests of static files (MDA2AV/HttpArena, data/static, 2026-04-29): their names and sizes, with
 * bytes of our own.
 */
export const arenaFiles: readonly Asset[] = [
  asset('/static/reset.css', 8_192, 'text'),
  asset('/static/layout.css', 25_600, 'text'),
  asset('/static/theme.css', 18_432, 'text'),
  asset('/static/components.css', 204_800, 'text'),
  asset('/static/utilities.css', 61_440, 'text'),
  asset('/static/analytics.js', 12_288, 'text'),
  asset('/static/helpers.js', 22_528, 'text'),
  asset('/static/app.js', 204_800, 'text'),
  asset('/static/vendor.js', 307_200, 'text'),
  asset('/static/router.js', 35_840, 'text'),
  asset('/static/header.html', 122_880, 'text'),
  asset('/static/footer.html', 56_320, 'text'),
  asset('/static/regular.woff2', 18_432, 'noise'),
  asset('/static/bold.woff2', 22_528, 'noise'),
  asset('/static/logo.svg', 15_344, 'text'),
  asset('/static/icon-sprite.svg', 71_680, 'text'),
  asset('/static/hero.webp', 46_080, 'noise'),
  asset('/static/thumb1.webp', 8_192, 'noise'),
  asset('/static/thumb2.webp', 6_144, 'noise'),
  asset('/static/manifest.json', 2_883, 'text'),
];

function asset(path: string, size: number, content: Asset['content']): Asset {
  return { path, size, content };
}

/** Writes the assets that are not there yet. */
export async function prepareSite(root: string, assets: Iterable<Asset>): Promise<void> {
  for (const wanted of assets) await writeAsset(root, wanted);
}

async function writeAsset(root: string, wanted: Asset): Promise<void> {
  const file = join(root, wanted.path);
  const zipped = `${file}.gz`;
  if (isWritten(file, wanted.size) && (wanted.content === 'noise' || existsSync(zipped))) return;
  mkdirSync(dirname(file), { recursive: true });
  const bytes = wanted.content === 'noise' ? noise(wanted) : text(wanted);
  await pipeline(Readable.from(bytes), createWriteStream(file, FLUSHED));
  if (wanted.content === 'text') {
    await pipeline(createReadStream(file), createGzip({ level: 9 }), createWriteStream(zipped));
  }
}

function isWritten(file: string, size: number): boolean {
  return existsSync(file) && statSync(file).size === size;
}

/** Its bytes, the same whenever it is written; as those of `text`. */
export function* noise({ path, size }: Asset): Generator<Buffer> {
  const key = createHash('sha256').update(path).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = size; left > 0; left -= CHUNK) {
    yield stream.update(Buffer.alloc(Math.min(CHUNK, left)));
  }
}

export function* text({ path, size }: Asset): Generator<Buffer> {
  let line = 0;
  let written = 0;
  while (written < size) {
    const digest = createHash('sha256').update(`${path}:${line}`).digest('hex');
    const words = `const ${digest.slice(0, 6)} = render(props.${digest.slice(6, 11)}, ${line});\n`;
    const bytes = Buffer.from(words).subarray(0, size - written);
    yield bytes;
    written += bytes.length;
    line += 1;
  }
}
