// Where sirv's names meet serve-static's meanings: said once, for nothing else would tell.
import type { MiddlewareOptions } from './options.ts';

/** Names that only sirv has: whoever gives one comes from it. */
const ONLY_SIRV = ['single', 'ignores', 'dev', 'gzip', 'brotli', 'onNoMatch'] as const;

/** Names that both have, with another meaning. */
const MEANINGS = {
  setHeaders: "setHeaders gets the file's path (sirv: the request's)",
  maxAge: 'maxAge is in milliseconds (sirv: seconds)',
} as const;

/** A line for whoever gives options of sirv beside one that means something else there; undefined for others. */
export function mixedContracts(options: MiddlewareOptions): string | undefined {
  const sirvs = ONLY_SIRV.filter((name) => options[name] !== undefined);
  const others = (['setHeaders', 'maxAge'] as const).filter((name) => options[name]);
  if (sirvs.length === 0 || others.length === 0) return undefined;
  const meanings = others.map((name) => MEANINGS[name]).join(' and ');
  return `beside ${sirvs.join(', ')}: ${meanings}; { sirv } from 'zcserve' has sirv's, and precompressed is our word for gzip and brotli`;
}
