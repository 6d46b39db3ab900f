// The scripts that are asked for in encoded form, and what lies beside them for each way of having that.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { type Asset, KIB, prepareSite, sized } from '../site.ts';

/** In the root of a run. What it has of a script: the file alone, its siblings too, or the encoded form as the file itself. */
export const PARTS = ['alone', 'siblings', 'forms'] as const;
export type Part = (typeof PARTS)[number];

/** One for each Accept-Encoding: what is in `forms` has its name. */
export interface Script extends Asset {
  readonly accepted: 'br, gzip' | 'gzip';
  /** Extension of the smallest form that is accepted. */
  readonly form: '.br' | '.gz';
}

export const SIZES = [30 * KIB, 300 * KIB] as const;

export function script(size: number, accepted: Script['accepted']): Script {
  const [form, name] = accepted === 'gzip' ? (['.gz', 'gzip'] as const) : (['.br', 'br'] as const);
  return { path: `/${name}-${size / KIB}k.js`, size, content: 'text', accepted, form };
}

export const scripts: readonly Script[] = SIZES.flatMap((size) => [
  script(size, 'br, gzip'),
  script(size, 'gzip'),
]);

export function partOf(root: string, part: Part): string {
  return join(root, 'encoded', part);
}

/** Writes what is not there yet. */
export async function prepareScripts(root: string): Promise<void> {
  const [alone, siblings, forms] = PARTS.map((part) => partOf(root, part)) as [
    string,
    string,
    string,
  ];
  // What servers are warmed up with.
  for (const part of [alone, siblings, forms]) await prepareSite(part, [sized(KIB)]);
  await prepareSite(siblings, scripts);
  for (const { path, form } of scripts) {
    if (existsSync(join(forms, path))) continue;
    const bytes = readFileSync(join(siblings, path));
    const encoded = { '.gz': gzipSync(bytes, { level: 9 }), '.br': brotli(bytes) };
    await mkdir(forms, { recursive: true });
    await writeFile(join(siblings, `${path}.br`), encoded['.br']);
    await writeFile(join(alone, path), bytes);
    await writeFile(join(forms, path), encoded[form]);
  }
}

function brotli(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
}
