// sirv's contract by its own name, for whoever comes from it: where both peers have an option and mean different things.
import type { Kind } from '../options/kinds.ts';
import { optional, readOptions } from '../options/table.ts';
import { type Middleware, serveSettings } from './middleware.ts';
import {
  type MiddlewareOptions,
  type MiddlewareSettings,
  readMiddlewareOptions,
  type SetHeaders,
} from './options.ts';

export interface SirvOptions
  extends Omit<MiddlewareOptions, 'cacheControl' | 'maxAge' | 'redirect' | 'setHeaders'> {
  /** max-age, in **seconds**; without it no Cache-Control is sent. */
  readonly maxAge?: number | undefined;
  /** Its `path` is the request's below the mount point, decoded, whatever file answers it. */
  readonly setHeaders?: SetHeaders | undefined;
}

/**
 * Serves the files below `root` as sirv does: pages without their extension, directories with or without
 * their slash, ETags only if asked for. Throws as `zcserve` does.
 */
export function sirv(root = '.', options: SirvOptions = {}): Middleware {
  return serveSettings(readSirvOptions(root, options));
}

const seconds: Kind<number> = {
  shape: 'time',
  expected: 'seconds',
  parse: (input) => (typeof input === 'number' && input >= 0 ? Math.floor(input) : undefined),
  show: String,
};

const TABLE = { maxAge: optional(seconds, 'max-age of Cache-Control, in seconds', 'sirv') };

function readSirvOptions(root: string, { maxAge, ...rest }: SirvOptions): MiddlewareSettings {
  const extensions = rest.extensions ?? ['html', 'htm'];
  const settings = readMiddlewareOptions(root, {
    etag: false,
    ...rest,
    extensions,
    index: rest.index ?? [extensions || []].flat().map((name) => `index.${name}`),
  });
  const age = readOptions(TABLE, { maxAge }).maxAge as number | undefined;
  return {
    ...settings,
    redirect: false,
    setHeadersPath: 'request',
    options: {
      ...settings.options,
      trailingSlash: 'ignore',
      cacheControl: cacheControlOf(age, rest),
    },
  };
}

/** In `dev`, who keeps nothing would have nothing to ask by: without an ETag, no-store. */
function cacheControlOf(
  age: number | undefined,
  { dev = false, etag = false, immutable = false }: SirvOptions,
): string | undefined {
  if (dev) return etag ? 'no-cache' : 'no-store';
  if (age === undefined) return undefined;
  const value = `public, max-age=${age}`;
  if (immutable) return `${value}, immutable`;
  return age === 0 ? `${value}, must-revalidate` : value;
}
