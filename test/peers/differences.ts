// Where zcserve's middleware is meant to answer otherwise than a peer, and why. docs/migrating.md has the same table.
import type { PeerName } from './pairs.ts';

/** One kind of difference as it is seen; each of its peers must show it. */
export interface Seen {
  readonly peers: readonly PeerName[];
  /** Titles of the cases. */
  readonly where: RegExp;
  /** status, body, or a field. */
  readonly aspect: RegExp;
  readonly ours: RegExp;
  readonly theirs: RegExp;
}

export interface Difference {
  readonly what: string;
  readonly there: string;
  readonly here: string;
  readonly why: string;
  readonly seen: readonly Seen[];
}

const EVERY = ['serve-static', 'send', 'sirv', 'koa-static', '@fastify/static', 'hono'] as const;
const SEND = ['serve-static', 'send', '@fastify/static'] as const;

function status(
  peers: readonly PeerName[],
  where: RegExp,
  ours: number | RegExp,
  theirs: number | RegExp,
): Seen {
  const pattern = (value: number | RegExp) =>
    value instanceof RegExp ? value : new RegExp(`^${value}$`);
  return { peers, where, aspect: /^status$/, ours: pattern(ours), theirs: pattern(theirs) };
}

function field(
  name: string,
  peers: readonly PeerName[],
  where: RegExp,
  ours: RegExp,
  theirs: RegExp,
): Seen {
  return { peers, where, aspect: new RegExp(`^(?:${name})$`), ours, theirs };
}

const NONE = /^none$/;

const paths: readonly Difference[] = [
  {
    what: 'A root that is missing, or is a file',
    there: 'an answer for each request: 404, or the file',
    here: 'throws at the start, with `code` (`ENOENT`, `ENOTDIR`)',
    why: 'a mistake in a path is seen by whoever makes it, not by visitors',
    seen: [
      status(
        ['serve-static', 'send', 'koa-static', '@fastify/static', 'hono'],
        /a root that is missing/,
        /ENOENT/,
        404,
      ),
      status(
        ['serve-static', 'send', 'koa-static', 'hono'],
        /a root that is a file/,
        /ENOTDIR/,
        /^(?:404|200)$/,
      ),
      status(['@fastify/static'], /a root that is a file/, /ENOTDIR/, /FST_STATIC/),
    ],
  },
  {
    what: "Wrong options: `maxAge: 'soon'`, an unknown name (`maxage`)",
    there: 'ignored, or taken as they are',
    here: 'an error at the start, with the nearest name or what is allowed',
    why: 'a policy that is misspelled is none',
    seen: [
      status(
        ['serve-static', 'send', 'sirv'],
        /^maxAge: 'soon'/,
        /^throws option maxAge: "soon"/,
        200,
      ),
      status(
        ['serve-static', 'send', 'sirv', 'koa-static', 'hono'],
        /^a name of no option/,
        /^throws option maxage is unknown; did you mean maxAge\?$/,
        200,
      ),
    ],
  },
  {
    what: 'Other spellings of a path: `//`, dot segments, encoded letters, `%2f`',
    there: 'the file, or 403',
    here: 'nothing is found; 400 where nobody comes next',
    why: 'a guard on another route knows one spelling of a path',
    seen: [
      status(
        ['serve-static', 'send', 'koa-static'],
        /^\/(?:p%61ge\.txt|\.\/page\.txt|dir\/(?:\.\.|%2e%2e)\/page\.txt|dir%2findex\.html)$/,
        /^40[04]$/,
        200,
      ),
      status(['serve-static', 'send'], /^\/\/page\.txt$/, 404, 200),
      status(['sirv'], /^\/p%61ge\.txt$/, 404, 200),
      status(['hono'], /^\/(?:\.|dir\/(?:\.\.|%2e%2e)|\.\.)\/page\.txt$/, 404, 200),
      status(
        ['@fastify/static'],
        /^\/(?:\/page\.txt|\.\/page\.txt|\.\.\/page\.txt|dir\/(?:\.\.|%2e%2e)\/page\.txt|page\.txt%00|dir\\index\.html)$/,
        404,
        403,
      ),
    ],
  },
  {
    what: 'Paths that name nothing: `/../x`, `%`, NUL, a backslash',
    there: '400, 403 or 404',
    here: '`next()`, as for every miss; an error of 400 with `fallthrough: false`',
    why: 'one status for all that cannot be a path, and the next handler may know better',
    seen: [
      status(['serve-static'], /fallthrough: false: \/\.\.\/page\.txt/, 400, 403),
      status(['send'], /^\/\.\.\/page\.txt$/, 400, 403),
      status(['send'], /^\/dir\\index\.html$/, 400, 404),
      status(['koa-static'], /^\/(?:\/page\.txt|%|page\.txt%00)$/, 404, 400),
      status(['koa-static'], /^\/\.\.\/page\.txt$/, 404, 403),
    ],
  },
  {
    what: 'A spelling that only encodes more than is needed: `%40` for `@`',
    there: 'the file, or a miss',
    here: '301 to the normal form',
    why: 'encoders differ, and the page has one address',
    seen: [
      status(['serve-static', 'send', 'koa-static'], /^\/a%40b\.txt$/, 301, 200),
      status(['sirv', '@fastify/static', 'hono'], /^\/a%40b\.txt$/, 301, 404),
    ],
  },
  {
    what: 'A file with a slash behind it: `/page.txt/`',
    there: 'the file',
    here: 'nothing',
    why: 'relative links of a page would miss under the second address',
    seen: [status(['sirv'], /^\/page\.txt\/$/, 404, 200)],
  },
  {
    what: '`extensions` for a name with a dot: `/v1.2`',
    there: 'not tried',
    here: 'tried, as sirv does',
    why: 'versions have dots',
    seen: [status(['serve-static', 'send', 'koa-static'], /^extensions: \/v1\.2$/, 200, 404)],
  },
  {
    what: 'A directory without its slash',
    there: 'its index',
    here: '301 to the slash, or to nothing where it has no index; `sirv()` gives the index as sirv does',
    why: 'relative links of the index would miss',
    seen: [
      status(['koa-static', '@fastify/static', 'hono'], /^\/dir(?:\?x)?$/, 301, 200),
      status(
        ['koa-static', '@fastify/static', 'hono'],
        /^(?:\/bare|index: false: \/dir)$/,
        301,
        404,
      ),
    ],
  },
  {
    what: 'Redirects to the slash',
    there: '`Location: /dir/`',
    here: '`Location: ./dir/`, with the query',
    why: 'it cannot name another host, and stays right under a mount',
    seen: [
      field(
        'location',
        ['serve-static', 'send'],
        /\/(?:dir|bare)(?:\?x)?$/,
        /^\.\/\w+\/(?:\?x)?$/,
        /^\/\w+\/(?:\?x)?$/,
      ),
    ],
  },
  {
    what: 'Names with a dot in front',
    there: 'served by @fastify/static and Hono; `.well-known` hidden by send and koa-static',
    here: 'hidden, but for `.well-known`',
    why: 'RFC 8615 is for clients, `.env` is not',
    seen: [
      status(['@fastify/static', 'hono'], /^\/\.hidden$/, 404, 200),
      status(['serve-static', 'send', 'koa-static'], /^\/\.well-known\/x\.txt$/, 200, 404),
    ],
  },
  {
    what: 'Links out of the root',
    there: 'followed',
    here: "refused, unless `symlinks: 'follow'`",
    why: 'what is served is what is in the root',
    seen: [status(EVERY, /^\/outside\.txt$/, /^40[34]$/, 200)],
  },
  {
    what: 'A `.br` or `.gz` without its base: `/orphan.js` of `orphan.js.br`',
    there: 'the sibling, to those who take it',
    here: 'nothing',
    why: 'whoever takes no Brotli would get a 404 for the same address',
    seen: [status(['sirv', 'koa-static'], /of no file: br/, 404, 200)],
  },
  {
    what: 'Without an index (`index: false`), at the last handler',
    there: '403',
    here: '404',
    why: 'a directory that is not listed is not told from one that is not there',
    seen: [status(['send'], /^index: false: \/(?:dir\/)?$/, 404, 403)],
  },
];

const conversation: readonly Difference[] = [
  {
    what: 'Methods beside GET and HEAD',
    there: 'get the file',
    here: '`next()`; 405 where nobody comes next',
    why: 'a form that is posted to a page has another handler',
    seen: [
      status(['sirv'], /^(?:POST|OPTIONS)$/, 404, 200),
      status(['send'], /^(?:POST|OPTIONS)$/, 405, 200),
    ],
  },
  {
    what: '412 and 416',
    there: '`next(error)`',
    here: 'answered',
    why: 'they are the answer: nobody behind would know better',
    seen: [
      field(
        'body',
        ['serve-static'],
        /If-Match|If-Unmodified|Range/,
        NONE,
        /^error 41[26] \w+ undefined$/,
      ),
      field('content-range', ['serve-static'], /Range/, /^bytes \*\/1000$/, NONE),
    ],
  },
  {
    what: 'Errors of `fallthrough: false`',
    there: 'name `Error` with `ENOENT`; no code for 403',
    here: 'name and code for each: `NotFoundError` `ENOENT`, `ForbiddenError` `EACCES`',
    why: 'handlers may go by either',
    seen: [
      field('body', ['serve-static'], /\/none/, /NotFoundError ENOENT$/, /404 Error ENOENT$/),
      field(
        'body',
        ['serve-static'],
        /\/\.hidden/,
        /ForbiddenError EACCES$/,
        /ForbiddenError undefined$/,
      ),
    ],
  },
  {
    what: 'ETag',
    there: 'weak, or none',
    here: 'strong',
    why: '`If-Range` and `If-Match` compare strongly (RFC 9110 §8.8.3.2)',
    seen: [
      field('etag', [...SEND, 'sirv'], /./, /^strong$/, /^weak$/),
      field('etag', ['koa-static', 'hono'], /./, /^strong$/, NONE),
    ],
  },
  {
    what: 'Conditional requests',
    there: 'not judged, or by If-None-Match alone',
    here: '304 and 412 by RFC 9110 §13',
    why: 'a client that has the file need not get it again',
    seen: [
      status(
        ['sirv', 'koa-static', 'hono'],
        /^(?:setHeaders: )?If-(?:None-Match|Modified-Since)/,
        304,
        200,
      ),
      status(['sirv', 'koa-static', 'hono'], /^If-(?:Match|Unmodified-Since)/, 412, 200),
    ],
  },
  {
    what: 'Fields of a 304',
    there: 'none',
    here: 'those that the 200 would have',
    why: 'RFC 9110 §15.4.5',
    seen: [field('etag|last-modified', ['sirv'], /etag: If-None-Match/, /./, NONE)],
  },
  {
    what: 'Dates on two lines',
    there: 'the first counts',
    here: 'ignored',
    why: 'RFC 9110 §13.1.3, §13.1.4',
    seen: [
      status(SEND, /^If-Modified-Since: .*,.*,/, 200, 304),
      status(SEND, /^If-Unmodified-Since: .*,.*,/, 200, 412),
    ],
  },
  {
    what: 'If-Unmodified-Since beside If-Match',
    there: 'both are judged',
    here: 'If-Match alone',
    why: 'RFC 9110 §13.1.4',
    seen: [status(['@fastify/static'], /^If-Match: ETAG, If-Unmodified-Since/, 200, 412)],
  },
  {
    what: 'A condition with `Cache-Control: no-cache`',
    there: 'ignored',
    here: '304 where it holds',
    why: 'the directive is for caches: an origin has looked at the file already (RFC 9111 §5.2.1.4)',
    seen: [status([...SEND, 'koa-static', 'hono'], /Cache-Control: no-cache$/, 304, 200)],
  },
  {
    what: 'Ranges',
    there:
      'none in koa-static, and it does not say so; elsewhere one, not always the one asked for',
    here: 'one or several, by RFC 9110 §14; announced in Accept-Ranges',
    why: 'a video seeks, a download goes on',
    seen: [
      status(['koa-static'], /Range|setHeaders: Range/, /^(?:206|416)$/, 200),
      status(SEND, /^Range: bytes=0-1,5-6$/, 206, 200),
      status(SEND, /^Range: bytes=-2000$/, 206, 416),
      status(SEND, /^Range(?:: bytes=(?:5-2|abc)| of an empty file)$/, 200, 416),
      status(['sirv'], /^Range: bytes=-0$/, 416, 206),
      status(['sirv'], /^Range of an empty file$/, 200, 416),
      status(['sirv'], /^Range: bytes=5-2$/, 200, /^throws$/),
      status(['sirv', 'hono'], /^Range: (?:bytes=abc|items=0-1)$/, 200, 206),
      status(
        ['hono'],
        /^Range(?:: bytes=(?:5-2|-0|1000-)| of an empty file)$/,
        /^(?:200|416)$/,
        /^throws/,
      ),
      field(
        'body|content-length|content-range|content-type',
        ['sirv'],
        /^Range: bytes=(?:0-0|-5|0-1,5-6|0-9,5-14)$/,
        /./,
        /./,
      ),
      field(
        'body|content-length|content-range|content-type',
        ['hono'],
        /^Range: bytes=.*,/,
        /./,
        /./,
      ),
      field('accept-ranges', ['sirv', 'koa-static', 'hono'], /./, /^bytes$/, NONE),
    ],
  },
  {
    what: 'If-Range',
    there: 'not judged, or a later date counts',
    here: 'the strong ETag, or the very date',
    why: 'RFC 9110 §13.1.5: else two versions are sewn together',
    seen: [
      status(SEND, /^If-Range: Wed, 15 Nov 1995 04:58:09/, 200, 206),
      status(['sirv', 'hono'], /^If-Range: (?:"other"|Wed, 15 Nov 1995 04:58:0[79])/, 200, 206),
      status(['sirv'], /^If-Range: ETAG/, 200, 206),
    ],
  },
  {
    what: 'Range with HEAD',
    there: '206',
    here: '200',
    why: 'RFC 9110 §14.2: Range is for GET',
    seen: [status([...SEND, 'sirv'], /^HEAD, Range$/, 200, 206)],
  },
];

const fields: readonly Difference[] = [
  {
    what: 'Cache-Control unless asked for',
    there: '`max-age=0` in koa-static, none in Hono',
    here: '`public, max-age=0`, as serve-static has it',
    why: 'one default for all hosts; `cacheControl: false` sends none',
    seen: [
      field('cache-control', ['koa-static'], /./, /^public, max-age=\d+$/, /^max-age=\d+$/),
      field('cache-control', ['hono'], /./, /^public, max-age=0$/, NONE),
    ],
  },
  {
    what: 'Content-Type of text',
    there: 'without a charset, but for HTML',
    here: '`charset=utf-8`',
    why: 'browsers guess otherwise',
    seen: [field('content-type', ['sirv'], /./, /^text\/\w+; charset=utf-8$/, /^text\/\w+$/)],
  },
  {
    what: 'Content-Type of names without an extension',
    there: '`application/octet-stream`, or empty',
    here: '`text/plain` for those that are known (`LICENSE`), else `application/octet-stream`',
    why: 'a browser shows what it can read, and an empty field is none',
    seen: [
      field(
        'content-type',
        [...SEND, 'koa-static', 'hono'],
        /^\/LICENSE$/,
        /^text\/plain/,
        /^application\/octet-stream$/,
      ),
      field('content-type', ['sirv'], /LICENSE|\.hidden/, /^(?:text|application)\//, /^$/),
    ],
  },
  {
    what: 'Siblings, unless asked for',
    there: 'offered',
    here: '`gzip`, `brotli` or `precompressed` say so',
    why: 'serve-static has none',
    seen: [
      field(
        'body|content-encoding|content-length|last-modified',
        ['koa-static'],
        /^Accept-Encoding/,
        /./,
        /./,
      ),
    ],
  },
  {
    what: 'A coding that is refused (`br;q=0`)',
    there: 'sent',
    here: 'not sent',
    why: 'RFC 9110 §12.5.3',
    seen: [field('body|content-encoding|content-length', ['sirv'], /br;q=0/, /./, /./)],
  },
  {
    what: 'Vary, where siblings are offered',
    there: 'none',
    here: '`Accept-Encoding`',
    why: 'caches would hand Brotli to those who cannot read it',
    seen: [field('vary', ['koa-static'], /Accept-Encoding/, /^Accept-Encoding$/, NONE)],
  },
];

export const DIFFERENCES: readonly Difference[] = [...paths, ...conversation, ...fields];
