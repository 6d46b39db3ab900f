// Turns an expectation into the request that asks for it.
import type { Expectation } from './scenario.ts';

export interface BenchRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The validators that a server gave for a file; a 304 is asked for with its own. */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export function requestFor(expected: Expectation, validators: Validators): BenchRequest {
  switch (expected.kind) {
    case 'whole':
      return { path: expected.asset.path, headers: {} };
    case 'not-modified':
      return {
        path: expected.asset.path,
        headers:
          expected.since === undefined
            ? conditional(validators)
            : { 'If-Modified-Since': expected.since },
      };
    case 'part':
      return {
        path: expected.asset.path,
        headers: { Range: `bytes=${expected.range.join('-')}` },
      };
    case 'parts':
      return {
        path: expected.asset.path,
        headers: { Range: `bytes=${expected.ranges.map((range) => range.join('-')).join(',')}` },
      };
    case 'gzip':
      return { path: expected.asset.path, headers: { 'Accept-Encoding': 'gzip' } };
    case 'encoded': {
      const { path, accepted } = expected.script;
      return { path, headers: { 'Accept-Encoding': accepted } };
    }
    case 'missing':
    case 'listing':
      return { path: expected.path, headers: {} };
  }
}

function conditional({ etag, lastModified }: Validators): BenchRequest['headers'] {
  if (etag !== undefined) return { 'If-None-Match': etag };
  if (lastModified !== undefined) return { 'If-Modified-Since': lastModified };
  return {};
}
