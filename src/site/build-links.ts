// The links of a build's pages, by its manifest, which the next build replaces while they are served.
import { promises as fs, readFileSync, statSync, unwatchFile, watchFile } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Log } from '../log/log.ts';
import { OptionError } from '../options/table.ts';
import { type PageLinks, readManifest } from '../rules/build-manifest.ts';

/** Largest manifest, bytes: some 20,000 chunks. */
const MAX_MANIFEST = 8 * 1024 * 1024;

/** Its file is looked at no more often, ms: a `revalidate` of 0 would be all the time. */
const MIN_LOOK_MS = 100;

export class BuildLinks {
  readonly #file: string;
  readonly #base: string;
  #links: PageLinks;
  #end = () => {};

  /** `path`: absolute, or relative to the root. Reads it at once; throws an OptionError that says what is wrong with it. */
  constructor(path: string, root: string) {
    this.#file = resolve(root, path);
    this.#base = baseOf(relative(root, dirname(this.#file)));
    try {
      checkSize(statSync(this.#file).size);
      this.#links = readManifest(readFileSync(this.#file, 'utf8'), this.#base);
    } catch (error) {
      throw new OptionError((call) => `${call('earlyHints')}: ${this.#file}: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The value of Link of the page at this root-relative path. */
  of(path: string): string | undefined {
    return this.#links.get(path);
  }

  /** From now on: `changed` is told the pages that have other links than before. `everyMs`: how often the file is looked at. */
  watch(everyMs: number, log: Log, changed: (pages: readonly string[]) => void): void {
    let looks = Promise.resolve();
    const look = async () => {
      const before = this.#links;
      this.#links = await this.#read(log);
      const pages = new Set([...before.keys(), ...this.#links.keys()]);
      changed([...pages].filter((page) => before.get(page) !== this.#links.get(page)));
    };
    const listener = () => {
      looks = looks.then(look);
    };
    watchFile(
      this.#file,
      { interval: Math.max(everyMs, MIN_LOOK_MS), persistent: false },
      listener,
    );
    this.#end = () => unwatchFile(this.#file, listener);
  }

  close(): void {
    this.#end();
  }

  /** What cannot be read names nothing: a build that is being made has removed the files of the one before. */
  async #read(log: Log): Promise<PageLinks> {
    try {
      checkSize((await fs.stat(this.#file)).size);
      return readManifest(await fs.readFile(this.#file, 'utf8'), this.#base);
    } catch (error) {
      log.warn(`${this.#file}: ${reasonOf(error)}; no page has hints by it`, this.#file);
      return new Map();
    }
  }
}

/** The build's directory, from where its manifest lies: Vite has it in `.vite/`, others beside the pages; outside, the root. */
function baseOf(directory: string): string {
  const base = directory.replace(/(?:^|\/)\.vite$/, '');
  return base === '' || base.split('/')[0] === '..' ? '' : `${base}/`;
}

function checkSize(size: number): void {
  if (size > MAX_MANIFEST) throw new Error(`longer than ${MAX_MANIFEST} bytes`);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'no such file' : message;
}
