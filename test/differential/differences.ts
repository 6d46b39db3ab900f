// Where zcserve is meant to answer otherwise than nginx, and why.

export interface Difference {
  /** Title of the request, or of several. */
  readonly where: string | RegExp;
  /** Status or field name. */
  readonly what: string;
  readonly ours: string | RegExp;
  readonly theirs: string | RegExp;
  readonly why: string;
}

export const DIFFERENCES: readonly Difference[] = [
  // What comes with every answer
  {
    where: /./,
    what: 'connection',
    ours: 'none',
    theirs: 'keep-alive',
    why: 'HTTP/1.1 keeps connections without being told (RFC 9112 §9.3)',
  },
  {
    where: /^\//,
    what: 'connection',
    ours: 'none',
    theirs: 'close',
    why: 'a bad path leaves no doubt where the next request begins',
  },
  {
    where: /./,
    what: 'accept-ranges',
    ours: 'bytes',
    theirs: 'none',
    why: 'a 304 and a 206 say it too, and so do precompressed files',
  },
  // Methods
  {
    where: 'OPTIONS',
    what: 'status',
    ours: '204',
    theirs: '405',
    why: 'OPTIONS tells what may be asked (RFC 9110 §9.3.7)',
  },
  {
    where: /^[A-Z]+$/,
    what: 'allow',
    ours: 'GET, HEAD, OPTIONS',
    theirs: 'none',
    why: '405 must have Allow (RFC 9110 §15.5.6)',
  },
  {
    where: 'TRACE',
    what: 'connection',
    ours: 'none',
    theirs: 'close',
    why: 'a refused method is no reason to close',
  },
  // Paths
  {
    where: '/bare/',
    what: 'status',
    ours: '404',
    theirs: '403',
    why: 'a directory that is not listed is not told from one that is not there',
  },
  {
    where: '/.hidden',
    what: 'status',
    ours: '404',
    theirs: '200',
    why: 'names with a dot are hidden unless asked for',
  },
  {
    where: '/fifo',
    what: 'status',
    ours: '403',
    theirs: '404',
    why: 'it is there, and it is no file',
  },
  {
    where: '/dir%2findex.html',
    what: 'status',
    ours: '400',
    theirs: '200',
    why: 'no file name has a slash; decoding it would make two segments of one',
  },
  {
    where: '/dir\\index.html',
    what: 'status',
    ours: '400',
    theirs: '404',
    why: 'clients and proxies take a backslash for a slash',
  },
  // Ranges
  {
    where: 'HEAD, Range',
    what: 'status',
    ours: '200',
    theirs: '206',
    why: 'Range is defined for GET only (RFC 9110 §14.2)',
  },
  {
    where: 'HEAD, Range out of reach',
    what: 'status',
    ours: '200',
    theirs: '416',
    why: 'Range is defined for GET only (RFC 9110 §14.2)',
  },
  {
    where: /^Range: bytes=(?:5-2|abc|-|0-9,x)$/,
    what: 'status',
    ours: '200',
    theirs: '416',
    why: 'an invalid Range is ignored (RFC 9110 §14.2)',
  },
  {
    where: 'Range: bytes=0-99999999999999999999',
    what: 'status',
    ours: '206',
    theirs: '416',
    why: 'a last position beyond the end means the end, however far (RFC 9110 §14.1.2)',
  },
  ...(['content-range', 'content-type', 'content-length', 'body'] as const).map((what) => ({
    where: /^Range: bytes=0-9,(?:5-14|10-19)$/,
    what,
    ours: /./,
    theirs: /^(?:none|multipart\/byteranges)$/,
    why: 'ranges that touch are one (RFC 9110 §15.3.7.2)',
  })),
  {
    where: 'a range of gzip',
    what: 'status',
    ours: '206',
    theirs: '200',
    why: 'a precompressed file has ranges like any other',
  },
  // Preconditions
  {
    where: `If-Modified-Since: Wed, 15 Nov 1995 04:58:09 GMT`,
    what: 'status',
    ours: '304',
    theirs: '200',
    why: 'not modified since then either (RFC 9110 §13.1.3); nginx wants the exact date',
  },
  {
    where: /^If-None-Match: ETAG, If-Modified-Since:/,
    what: 'status',
    ours: '304',
    theirs: '200',
    why: 'If-Modified-Since does not count beside If-None-Match (RFC 9110 §13.1.3)',
  },
  {
    where: 'If-Unmodified-Since: yesterday',
    what: 'status',
    ours: '200',
    theirs: '412',
    why: 'an invalid date is ignored (RFC 9110 §13.1.4)',
  },
  {
    where: /^If-Match: ETAG, If-Unmodified-Since:/,
    what: 'status',
    ours: '200',
    theirs: '412',
    why: 'If-Unmodified-Since does not count beside If-Match (RFC 9110 §13.1.4)',
  },
  // Content coding
  ...(['content-encoding', 'last-modified', 'content-length', 'body'] as const).flatMap((what) => [
    {
      where: 'Accept-Encoding: *',
      what,
      ours: /./,
      theirs: /./,
      why: '* names every coding (RFC 9110 §12.5.3)',
    },
    {
      where: 'Accept-Encoding: gzip;q=0.5, identity',
      what,
      ours: /./,
      theirs: /./,
      why: 'identity is preferred here (RFC 9110 §12.5.3)',
    },
  ]),
];
