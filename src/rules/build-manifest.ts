// Vite's manifest, and the links of a page to what it loads. https://vite.dev/guide/backend-integration
import { encodePath } from '../http/target.ts';

/** Value of Link by page: its root-relative path. */
export type PageLinks = ReadonlyMap<string, string>;

/**
 * Of one page: about 1 KiB, within what proxies take for a head beside all else. What is further away competes with what the page
 * begins with.
 */
export const MAX_LINKS = 16;

interface Chunk {
  readonly file: string;
  readonly isEntry: boolean;
  readonly imports: readonly string[];
  readonly css: readonly string[];
  readonly assets: readonly string[];
}

/**
 * The links of every page that is an entry. `base`: the build's directory, root-relative, with a slash at its end, or empty;
 * its files are asked for by their places below the root. Throws an Error that says why it is no manifest.
 */
export function readManifest(text: string, base: string): PageLinks {
  const chunks = chunksOf(text);
  const pages = [...chunks].filter(([key, { isEntry }]) => isEntry && isPage(key));
  if (pages.length === 0) throw new Error('no page (.html) is an entry of this manifest');
  const linked = pages.map(([key]) => [base + key, linksOf(key, chunks, base)] as const);
  return new Map(linked.filter(([, links]) => links !== ''));
}

/** One from outside of the project's directory has no place in the build. */
function isPage(key: string): boolean {
  return /\.html?$/i.test(key) && !key.split('/').includes('..');
}

/** Styles, which keep the page from being painted, then scripts, then fonts; of each the nearest first. */
function linksOf(page: string, chunks: ReadonlyMap<string, Chunk>, base: string): string {
  const loaded = reachedFrom(page, chunks);
  const files = [
    ...loaded.flatMap(({ css }) => css),
    ...loaded.map(({ file }) => file),
    ...loaded.flatMap(({ assets }) => assets),
  ];
  const links = [...new Set(files)].flatMap((file) => linkTo(file, base) ?? []);
  return links.slice(0, MAX_LINKS).join(', ');
}

/** The page's chunk and those that it imports, breadth first; dynamic imports may never be due. */
function reachedFrom(page: string, chunks: ReadonlyMap<string, Chunk>): readonly Chunk[] {
  // A set has what is added while it is gone through.
  const keys = new Set([page]);
  const reached: Chunk[] = [];
  for (const key of keys) {
    const chunk = chunks.get(key);
    if (chunk === undefined) continue;
    reached.push(chunk);
    if (reached.length === MAX_LINKS) break;
    for (const imported of chunk.imports) keys.add(imported);
  }
  return reached;
}

/** As Vite's own HTML has them: with crossorigin, or what was loaded ahead would not be taken. Images wait for the page. */
function linkTo(file: string, base: string): string | undefined {
  const to = `</${encodePath(base + file)}>`;
  if (/\.css$/i.test(file)) return `${to}; rel=preload; as=style; crossorigin`;
  if (/\.m?js$/i.test(file)) return `${to}; rel=modulepreload`;
  if (/\.(?:woff2?|otf|ttf)$/i.test(file)) return `${to}; rel=preload; as=font; crossorigin`;
  return undefined;
}

function chunksOf(text: string): ReadonlyMap<string, Chunk> {
  const manifest: unknown = JSON.parse(text);
  if (!isObject(manifest)) throw new Error('no manifest: it must be an object of chunks');
  return new Map(Object.entries(manifest).map(([key, value]) => [key, chunkOf(key, value)]));
}

function chunkOf(key: string, value: unknown): Chunk {
  const { file, isEntry, imports, css, assets } = isObject(value) ? value : {};
  const wrong = (what: string) => new Error(`no manifest: ${JSON.stringify(key)} has no ${what}`);
  if (typeof file !== 'string' || !isBelow(file)) throw wrong('file below the build');
  const names = (list: unknown, what: string): readonly string[] => {
    if (list === undefined) return [];
    if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
    throw wrong(`list of ${what}`);
  };
  return {
    file,
    isEntry: isEntry === true,
    imports: names(imports, 'imports'),
    css: names(css, 'css').filter(isBelow),
    assets: names(assets, 'assets').filter(isBelow),
  };
}

/** A path within the build, which no URL of another origin is. */
function isBelow(file: string): boolean {
  return !file.startsWith('/') && !file.split('/').includes('..');
}

function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
