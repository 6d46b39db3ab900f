// Listings as pages: rendered once for all who want the same, a millisecond at a time, and kept within a budget.
import type { Hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { NativeAddon } from '../addon/types.ts';
import type { FileEntry } from '../files/entry.ts';
import { contentEtag } from '../files/etag.ts';
import type { FileTable, Listed } from '../files/table.ts';
import { loadCrypto } from '../packages/packages.ts';
import { type Hashes, type ListingForm, listingForm, renderListing } from '../plan/listing.ts';
import { unpackNow } from '../plan/listing-order.ts';
import type { RequestHead } from '../plan/request.ts';
import type { ArchiveFormat, Contents, Listing, ListingPage, Plannable } from '../plan/types.ts';

type Shown = Plannable<FileEntry>;

/** What is known of contents, whoever asks. */
type Page = Pick<ListingPage, 'bytes' | 'etag' | 'hash'>;

/** A page and what it shows: good while the table has these contents and no others. */
interface Kept {
  readonly contents: Contents;
  readonly page: Page;
}

interface Making {
  readonly contents: Contents;
  readonly page: Promise<Page>;
}

export interface ListingPagesOptions {
  readonly table: Pick<FileTable, 'list' | 'lease' | 'hashes'>;
  readonly addon: NativeAddon | undefined;
  /** Do pages have one? */
  readonly etag: boolean;
  readonly digest: boolean;
  /** Does this decoded path get what stands there, whoever is shown its directory? */
  readonly isPlain: (path: string) => boolean;
  /** As what each directory can be had whole; pages link to it. */
  readonly archives: readonly ArchiveFormat[];
}

/** Entries that are rendered in one go, in about a millisecond. */
const SMALL = 500;

/** Entries of a directory up to which files have their hashes on its page: each is opened for it. */
const MAX_HASHED_ENTRIES = 1000;

/** Bytes of pages that are kept; a larger one is kept alone. Each of 100,000 entries takes 10 MB. */
const MAX_KEPT = 64 * 1024 * 1024;

/** What a page takes beside its bytes. */
const PAGE_BYTES = 1024;

/** Work between two turns of the event loop; the text of a listing comes in pieces of less. */
const TURN_MS = 1;

export class ListingPages {
  readonly #options: ListingPagesOptions;
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MAX_KEPT,
    sizeCalculation: ({ page }) => Math.min(page.bytes.length + PAGE_BYTES, MAX_KEPT),
  });
  readonly #making = new Map<string, Making>();
  /** Pages are made one after the other: the thread is one, and each takes memory meanwhile. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ListingPagesOptions) {
    this.#options = options;
  }

  /** The page of a directory in the form that the request asks for, or why there is none. */
  show(request: RequestHead, listing: Listing): Shown | Promise<Shown> {
    const asked = listingForm(request);
    const form = { ...asked, integrity: asked.integrity && this.#options.digest };
    const show = (listed: Listed) =>
      listed.kind === 'contents' ? this.#show(listing, listed, form) : listed;
    const listed = this.#options.table.list(listing);
    return listed instanceof Promise ? listed.then(show) : show(listed);
  }

  #show(listing: Listing, contents: Contents, form: ListingForm): Shown | Promise<Shown> {
    const { table } = this.#options;
    const show = (page: Page): Shown => {
      return { kind: 'page', ...page, lease: table.lease(listing, contents) };
    };
    const key = `${form.json} ${form.column} ${form.descending} ${listing.path}`;
    // What files hold may change where their directory does not: with their hashes it is made each time.
    if (form.integrity) return this.#make(`\0${key}`, listing, contents, form).then(show);
    const kept = this.#kept.get(key);
    if (kept?.contents === contents) return show(kept.page);
    if (contents.count > SMALL) return this.#make(key, listing, contents, form).then(show);
    const page = this.#makeNow(listing.path, contents, form);
    const shown = show(page);
    // Of contents that nobody keeps, the page would never be asked for again.
    if (table.lease(listing, contents) !== undefined) this.#kept.set(key, { contents, page });
    return shown;
  }

  #makeNow(path: string, contents: Contents, form: ListingForm): Page {
    const bytes = Buffer.from([...this.#textOf(path, contents, form)].join(''));
    const hash = this.#startHash();
    hash?.update(bytes);
    return this.#pageOf(bytes, hash);
  }

  #make(key: string, listing: Listing, contents: Contents, form: ListingForm): Promise<Page> {
    const making = this.#making.get(key);
    if (making?.contents === contents) return making.page;
    const page = this.#last.then(async () => {
      const hashes = form.integrity ? await this.#hash(listing, contents) : undefined;
      const page = await this.#render(listing.path, contents, form, hashes);
      if (hashes === undefined) this.#kept.set(key, { contents, page });
      return page;
    });
    const mine = { contents, page };
    this.#making.set(key, mine);
    this.#last = page
      .catch(() => {})
      .finally(() => {
        if (this.#making.get(key) === mine) this.#making.delete(key);
      });
    return page;
  }

  /** None of a directory that is too large: which of its files had some would be nobody's choice. */
  async #hash(listing: Listing, contents: Contents): Promise<Hashes> {
    const { table, isPlain } = this.#options;
    if (contents.count > MAX_HASHED_ENTRIES) return new Map();
    return table.hashes(
      listing,
      filesIn(contents).filter((name) => isPlain(listing.path + name)),
    );
  }

  async #render(
    path: string,
    contents: Contents,
    form: ListingForm,
    hashes: Hashes | undefined,
  ): Promise<Page> {
    const hash = this.#startHash();
    let bytes = this.#allocate(estimate(contents));
    let length = 0;
    let turned = performance.now();
    for (const text of this.#textOf(path, contents, form, hashes)) {
      // UTF-8 has at most three bytes for a code unit.
      const needed = length + 3 * text.length;
      if (needed > bytes.length) {
        const larger = this.#allocate(needed + bytes.length);
        larger.set(bytes.subarray(0, length));
        bytes = larger;
      }
      const written = bytes.write(text, length);
      hash?.update(bytes.subarray(length, length + written));
      length += written;
      if (performance.now() - turned < TURN_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turned = performance.now();
    }
    return this.#pageOf(bytes.subarray(0, length), hash);
  }

  #textOf(
    path: string,
    contents: Contents,
    form: ListingForm,
    hashes?: Hashes,
  ): Generator<string, void> {
    return renderListing(path, contents, form, { hashes, archives: this.#options.archives });
  }

  /** With the addon, memory that the engine sends from without a copy for each client. */
  #allocate(size: number): Buffer {
    const shared = this.#options.addon?.createBytes(size);
    return shared ? Buffer.from(shared) : Buffer.allocUnsafeSlow(size);
  }

  #startHash(): Hash | undefined {
    const { etag, digest } = this.#options;
    return etag || digest ? loadCrypto().createHash('sha256') : undefined;
  }

  /** The tag is of the bytes, so that it is the same after a restart, and on every machine that has the same files. */
  #pageOf(bytes: Uint8Array, whole: Hash | undefined): Page {
    const hash = whole?.digest('base64');
    const { etag, digest } = this.#options;
    return {
      bytes,
      etag: etag && hash !== undefined ? contentEtag(hash) : undefined,
      hash: digest ? hash : undefined,
    };
  }
}

function filesIn(contents: Contents): readonly string[] {
  const { names, sizes } = unpackNow(contents);
  return names.filter((_, index) => (sizes[index] ?? 0) >= 0);
}

/**
 * Room for a page whose names need no escapes: each has a row of 112 bytes at most and stands in it twice. What is not written
 * to takes no memory; a page that needs more is moved once.
 */
function estimate({ count, runs }: Contents): number {
  return runs.reduce((sum, { names }) => sum + 2 * names.length, count * 112 + ROOM);
}

/** For what is around the rows, and for the last of them in the worst case. */
const ROOM = 512 * 1024;
