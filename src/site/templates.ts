// What is the same for all files of a directory that have one extension: where no rule tells their names apart.
import { MIN_SIZE } from '../encode/compressible.ts';
import { SUFFIXES } from '../files/codings.ts';
import { HASHED_FIRST } from '../files/content-hashes.ts';
import { type FilesPolicy, MISS_PAGE } from '../files/policy.ts';
import { type PlanPolicy, termsOf } from '../plan/policy.ts';
import {
  type Cached,
  ETAG_PLACE,
  LAST_MODIFIED_PLACE,
  type Template,
  templateOf,
} from '../plan/template.ts';
import type { Reach } from '../plan/types.ts';
import { isHtml } from '../rules/fields.ts';
import type { Doubt } from '../rules/hashed-names.ts';
import type { MediaTypes } from '../rules/media-types.ts';
import { NO_ROUTES } from '../rules/routes.ts';
import { fileFields } from './fields.ts';
import { typeOf } from './media-type.ts';
import type { OwnRules } from './own-rules.ts';

export interface TemplateOptions {
  readonly files: FilesPolicy;
  readonly plan: PlanPolicy;
  /** The rules of the moment. */
  readonly own: () => OwnRules;
  readonly mediaTypes: MediaTypes;
  /** Do pages go with the links of what they load? By rule alone, or by a build's manifest (root-relative or absolute path) too. */
  readonly earlyHints: boolean | string;
  /**
   * May redirects, rewrites or media types be for one path in this directory (as in requests, without a slash at its end),
   * or below it, and not for another with the same extension?
   */
  readonly tellsApart: (directory: string, extension: string) => boolean;
  /** Does any of them go by directory? */
  readonly goesByDirectory: boolean;
  /** Has somebody else routed the requests (`HandlerOptions.routed`)? */
  readonly routed: boolean;
}

export interface FileTemplate extends Template {
  /** Names in which there is more may have other fields (`Rules.doubt`). */
  readonly doubt: Doubt;
  /** What may stand behind the name of a file's other forms: it is a resource with variants then. */
  readonly siblings: readonly string[];
  /** A file of at most so many bytes whose time is in whole seconds has a tag of its content. */
  readonly hashed: number;
}

export interface Templates {
  /** Directories with the same text are alike to the rest. */
  group(directory: string): string;
  /**
   * Of the files in this directory (as in requests, without a slash at its end) with this extension (as in requests, without
   * its dot). Undefined where their answers rest on more than these, the open file and what its names may be.
   */
  of(directory: string, extension: string, reach: Reach): FileTemplate | undefined;
  /**
   * What is put behind a name in this directory in search of a file. Where none of them stands, the answers to all such
   * requests are alike; undefined where they are not.
   */
  tried(directory: string): readonly string[] | undefined;
  /** The name of the file that tells what is missing: the nearest, upward. Undefined where none does. */
  readonly missPage: string | undefined;
}

/** The engine counts no further (native/engine/frequency.h). */
const MAX_USES = 254;

/** How a file is encoded that has such a name is told by its bytes. */
const ENCODED = /^(?:gz|br|zst|svgz)$/i;

export function createTemplates(options: TemplateOptions): Templates {
  const { files, plan, own, mediaTypes, earlyHints, tellsApart } = options;
  const terms = termsOf(plan);
  const siblings = files.codings.map((coding) => SUFFIXES[coding]);
  // Whatever needs more than an open file's size and time, before its first answer or for it.
  const applies =
    files.mmapMinUses > 1 &&
    files.mmapMinUses <= MAX_USES &&
    (files.etag === 'auto' || files.etag === 'off') &&
    !files.digest &&
    !options.routed;

  function descriptionOf(directory: string, extension: string) {
    const path = `${directory.slice(1)}/x.${extension}`.replace(/^\//, '');
    const contentType = mediaTypes(path) ?? typeOf(path);
    const { rules } = own();
    // Each page of a build loads something else.
    const isOfBuild = typeof earlyHints === 'string' && isHtml(contentType);
    const doubt = isOfBuild ? undefined : rules.doubt(directory.slice(1), extension, contentType);
    const fields = fileFields(
      {
        path,
        built: false,
        contentType,
        coding: 'identity',
        encoding: 'identity',
        etag: files.etag === 'off' ? undefined : ETAG_PLACE,
        hash: undefined,
        lastModified: files.lastModified ? LAST_MODIFIED_PLACE : undefined,
        varies: false,
        variesByDictionary: false,
        acceptRanges: plan.acceptRanges,
        earlyHints: earlyHints !== false,
      },
      rules,
      files.compress !== undefined,
    );
    return { doubt, ...fields };
  }

  return {
    group(directory) {
      const { rules, routes } = own();
      if (options.goesByDirectory || routes !== NO_ROUTES) return directory;
      // In the root stand files that are none.
      const place = files.siteRules && directory === '' ? '\0' : '';
      return place + rules.kind(directory.slice(1));
    },
    of(directory, extension, reach) {
      if (!applies || ENCODED.test(extension) || tellsApart(directory, extension)) return undefined;
      if (own().routes.reach(directory, true)) return undefined;
      if (files.siteRules && directory === '' && extension === '') return undefined;
      // What a page is called by depends on what else there is.
      if (files.cleanUrls && extension === 'html') return undefined;
      const { doubt, ...fields } = descriptionOf(directory, extension);
      if (doubt === undefined || files.dictionaries?.(`x.${extension}`) === true) return undefined;
      const template = templateOf(fields, terms[reach]);
      // What may get other forms is kept on the JavaScript thread.
      const cached = fields.encodable ? belowEncoded(template.cached) : template.cached;
      return { ...template, cached, doubt, siblings, hashed: HASHED_FIRST };
    },
    missPage: files.errorPages ? MISS_PAGE : undefined,
    tried(directory) {
      // A single-page app answers by what is asked for; a redirect, whatever stands there.
      if (files.spa !== undefined || tellsApart(directory, '')) return undefined;
      if (own().routes.reach(directory, false)) return undefined;
      const pages = files.cleanUrls ? ['.html'] : [];
      return ['', ...pages, ...files.extensions.map((extension) => `.${extension}`)];
    },
  };
}

/** Those that are too small to be encoded. */
function belowEncoded(cached: Cached | undefined): Cached | undefined {
  return cached && { ...cached, max: Math.min(cached.max, MIN_SIZE - 1) };
}
