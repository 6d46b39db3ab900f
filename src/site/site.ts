// One site: a root directory, the table of its files and the handler that answers from it.

import type { NativeAddon } from '../addon/types.ts';
import { Archives, type ArchivesOptions } from '../archive/archives.ts';
import { openRealms, type Realms } from '../auth/realms.ts';
import { isCompressible, MIN_SIZE } from '../encode/compressible.ts';
import type { Carried } from '../files/carried.ts';
import type { FilePool } from '../files/file-pool.ts';
import { openRoot, restingRoot } from '../files/open.ts';
import type { Describe } from '../files/open-files.ts';
import type { FilesPolicy } from '../files/policy.ts';
import type { Root } from '../files/root.ts';
import { FileTable } from '../files/table.ts';
import type { FieldList } from '../http/field-list.ts';
import { LiveFiles, type LiveFilesOptions } from '../live/live-files.ts';
import type { Log } from '../log/log.ts';
import { OptionError } from '../options/table.ts';
import { lastModifiedOf } from '../plan/fields.ts';
import type { Redirects, Rewrites } from '../rules/redirects.ts';
import type { Handler } from './answer.ts';
import { BuildLinks } from './build-links.ts';
import { withDownloads } from './download.ts';
import { fileFields } from './fields.ts';
import { guarded } from './guard.ts';
import { createHandler } from './handler.ts';
import { ListingPages } from './listing-pages.ts';
import { typeOf, typeWithin } from './media-type.ts';
import { type CompileWith, type OwnRules, readOwnRules, withoutCarried } from './own-rules.ts';
import type { mountStreams, SiteStreams } from './streams.ts';
import { createTemplates, type TemplateOptions, type Templates } from './templates.ts';

export interface SiteOptions extends Omit<TemplateOptions, 'own'> {
  /** The operator's rules with those that the site carries. */
  readonly compileWith: CompileWith;
  readonly redirects: Redirects;
  readonly rewrites: Rewrites;
  /** Files of users by prefix, absolute: of what not everybody may see. */
  readonly auth: Readonly<Record<string, string>>;
  /** Has a query a say that asks for a download? */
  readonly downloads: boolean;
  /** What listed directories can be had whole as; undefined where they cannot. */
  readonly archives: Pick<ArchivesOptions, 'formats' | 'maxSize'> | undefined;
  /** Which files are offered live; undefined where none is. */
  readonly live: Pick<LiveFilesOptions, 'offers' | 'timeoutMs'> | undefined;
  /** With what answers for them, which is loaded where there are some. */
  readonly streams?: (SiteStreams & { readonly mount: typeof mountStreams }) | undefined;
  readonly addon: NativeAddon | undefined;
  readonly log: Log;
  /** What several sites keep together; where it is left out, one of its own. */
  readonly pool?: FilePool | undefined;
}

export interface Site {
  /** The one of the start, at rest where somebody else has routed; the table replaces it. */
  readonly root: Root;
  readonly table: FileTable;
  readonly handler: Handler;
  readonly templates: Templates;
  readonly files: FilesPolicy;
  readonly downloads: boolean;
  /** Has a query a say that asks for a live answer? */
  readonly live: boolean;
  readonly log: Log;
  /** Fields of every answer that is no file's. */
  readonly common: FieldList;
  /** Who waits for what comes to a stream gets an answer now, and so does whoever asks from now on. */
  endWaits(): void;
  /** Closes every file that nobody is sending, and the root. */
  close(): void;
}

/** Throws an Error with `code` when the root cannot be opened as a directory. */
export function createSite(options: SiteOptions): Site {
  const { plan, redirects, rewrites, routed, archives, addon, log, pool } = options;
  const { earlyHints, streams } = options;
  const links =
    typeof earlyHints === 'string' ? new BuildLinks(earlyHints, options.files.root) : undefined;
  const realms = realmsOf(options);
  // Where somebody else's server listens, and for whom, is not known.
  const files = routed ? { ...options.files, advises: false } : options.files;
  const rootOf = routed ? restingRoot : openRoot;
  const root = rootOf(files.root, files.symlinks, addon);
  let ownRules = withoutCarried(options.compileWith);
  const own = () => ownRules;
  const describe = describeBy(options, own, links);
  const onCarried = (carried: Carried) => {
    ownRules = readOwnRules(carried, options.compileWith, log);
  };
  const table = new FileTable({ policy: files, root, addon, describe, onCarried, log, pool });
  links?.watch(files.revalidateMs, log, (pages) => {
    for (const page of pages) table.drop(page);
  });
  /** Does this path get what stands there, whoever is shown this directory? */
  const belongs = (path: string, directory: string) =>
    (streams === undefined || !isBelow(path, streams.prefix)) &&
    redirects(path, '') === undefined &&
    rewrites(path) === undefined &&
    own().routes.of(path, '')?.forced === undefined &&
    realms?.of(path) === realms?.of(directory);
  const listings = new ListingPages({
    ...{ table, addon },
    etag: files.etag !== 'off',
    digest: files.digest,
    isPlain: (path) => belongs(path, path.slice(0, path.lastIndexOf('/') + 1)),
    archives: archives?.formats ?? [],
  });
  const { revalidateMs } = files;
  const live =
    options.live &&
    new LiveFiles({
      ...{ ...options.live, table, addon, log, revalidateMs },
      ranges: plan.maxRanges > 0,
    });
  const answering = createHandler({
    table,
    listings,
    live,
    archives: archives && archivesOf(options, archives, { table, belongs }),
    policy: plan,
    redirects,
    rewrites,
    own,
    realmOf: (path) => realms?.of(path),
    spa: files.spa !== undefined,
    errorPages: files.errorPages,
    encodes: files.compress?.codings ?? [],
    routed,
    log,
  });
  const open = options.downloads ? withDownloads(answering) : answering;
  const guard = (handler: Handler) =>
    realms === undefined
      ? handler
      : guarded({ handler, realms, rewrites, common: plan.common, log });
  const mount = streams?.mount({ streams, policy: plan, realms, guard, log });
  return {
    root,
    table,
    handler: mount?.before(guard(open)) ?? guard(open),
    templates: createTemplates({ ...options, own }),
    files,
    downloads: options.downloads,
    live: live !== undefined,
    log,
    common: plan.common,
    endWaits: () => mount?.end(),
    close() {
      mount?.end();
      table.close();
      links?.close();
      realms?.close();
    },
  };
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/** What a rule leads elsewhere, and what is in another realm, is none of the directory's. */
function archivesOf(
  { mediaTypes, log }: SiteOptions,
  how: Pick<ArchivesOptions, 'formats' | 'maxSize'>,
  { table, belongs }: Pick<ArchivesOptions, 'table' | 'belongs'>,
): Archives {
  return new Archives({
    ...{ ...how, table, belongs, log },
    compresses: ({ path, size }) =>
      size >= MIN_SIZE && isCompressible(mediaTypes(path) ?? typeOf(path)),
  });
}

/** Undefined where everybody may see all. Throws an OptionError that names the file, and its line, that cannot be used. */
function realmsOf({ auth, log }: SiteOptions): Realms | undefined {
  try {
    return Object.keys(auth).length === 0 ? undefined : openRealms(auth, log);
  } catch (error) {
    throw new OptionError((call) => `${call('auth')}: ${(error as Error).message}`);
  }
}

function describeBy(
  { files, plan, mediaTypes, earlyHints }: SiteOptions,
  ownRules: () => OwnRules,
  links: BuildLinks | undefined,
): Describe {
  return ({ path, coding, encoding: own, mtimeMs, etag, hash, built, ...varies }) => {
    // What a sibling is encoded by was chosen from among others.
    const encoding = coding === 'identity' ? own : 'identity';
    const contentType =
      mediaTypes(path) ?? (encoding === 'identity' ? typeOf(path) : typeWithin(path));
    const lastModified = files.lastModified ? lastModifiedOf(mtimeMs, Date.now()) : undefined;
    const { acceptRanges } = plan;
    const described = { path, built, contentType, coding, encoding };
    const hints = { link: links?.of(path), earlyHints: earlyHints !== false };
    const fields = fileFields(
      { ...described, etag, hash, lastModified, ...varies, acceptRanges, ...hints },
      ownRules().rules,
      files.compress !== undefined,
    );
    return { etag, lastModified, ...fields };
  };
}
