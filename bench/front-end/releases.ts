// The two releases as they are deployed: bundled under hashed names, alone and with siblings.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { run } from '../process.ts';
import { CLI } from '../servers/zcserve.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const WORK = fileURLToPath(new URL('../.work/front-end', import.meta.url));

/** What lies beside the files of a release. */
export const FORMS = ['none', 'gzip', 'siblings', 'dictionaries'] as const;
export type Forms = (typeof FORMS)[number];

export interface Release {
  readonly number: 1 | 2;
  /** The served directory, by what lies beside its files. */
  readonly roots: Readonly<Record<Forms, string>>;
  /** URL path of the script, and its bytes. */
  readonly script: string;
  readonly size: number;
  /** Of its gzip sibling. */
  readonly gzipped: number;
  /** What the page says once it is drawn. */
  readonly says: string;
}

const SAYS = { 1: 'Bergen: 8.4 °C on average', 2: 'from 2.4 to 15.4 °C' } as const;

/** Throws where the packages are not installed. */
export async function buildReleases(): Promise<readonly [Release, Release]> {
  if (!existsSync(join(HERE, 'node_modules')))
    await run({ program: 'npm', args: ['ci'], cwd: HERE });
  rmSync(WORK, { recursive: true, force: true });
  const first = await buildRelease(1);
  return [first, await buildRelease(2, first.roots.none)];
}

async function buildRelease(number: 1 | 2, earlier?: string): Promise<Release> {
  const rootOf = (forms: Forms) => join(WORK, `release-${number}`, forms);
  const none = rootOf('none');
  const script = await bundle(join(HERE, `release-${number}`), none);
  const withSiblings = async (forms: Forms, flags: readonly string[]): Promise<string> => {
    const root = rootOf(forms);
    cpSync(none, root, { recursive: true, preserveTimestamps: true });
    const args = [CLI, 'compress', root, '--quiet', ...flags];
    await run({ program: process.execPath, args });
    return root;
  };
  const gzip = await withSiblings('gzip', ['--codings=gzip']);
  const roots = {
    none,
    gzip,
    siblings: await withSiblings('siblings', []),
    dictionaries: await withSiblings(
      'dictionaries',
      earlier === undefined ? [] : [`--against=${earlier}`],
    ),
  };
  const bytes = (file: string) => readFileSync(file).length;
  return {
    number,
    roots,
    script,
    size: bytes(join(none, script)),
    gzipped: bytes(join(gzip, `${script}.gz`)),
    says: SAYS[number],
  };
}

/** Writes the page with what it loads; the script's URL path. */
async function bundle(source: string, root: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(source, 'src/main.jsx')],
    absWorkingDir: source,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    entryNames: '[name]-[hash]',
    outdir: join(root, 'assets'),
  });
  mkdirSync(join(root, 'assets'), { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  const named = (extension: string) => {
    const file = outputFiles.find(({ path }) => extname(path) === extension);
    return `/assets/${basename(file?.path ?? '')}`;
  };
  const [script, style] = [named('.js'), named('.css')];
  const page = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<title>Temperature by month</title>',
    `<link rel="stylesheet" href="${style}">`,
    `<script type="module" src="${script}"></script>`,
    '<div id="root"></div>',
    '</html>',
    '',
  ];
  writeFileSync(join(root, 'index.html'), page.join('\n'));
  return script;
}
