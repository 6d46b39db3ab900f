// Where a library answers otherwise than the suite claims: each a line with what happens instead, and why.
import type { CarrierName } from './carriers.ts';

export interface Exception {
  readonly carriers: readonly CarrierName[];
  /** The claim that does not hold. */
  readonly title: string;
  /** What is found instead. */
  readonly instead: string;
  readonly reason: string;
}

const NODE: readonly CarrierName[] = ['http1', 'http1 alone', 'https'];
const H2: readonly CarrierName[] = ['h2c', 'h2'];
const UWS: readonly CarrierName[] = ['uws', 'uws TLS'];

/** One reason for several claims. */
function all(
  carriers: readonly CarrierName[],
  instead: string,
  reason: string,
  titles: readonly string[],
): readonly Exception[] {
  return titles.map((title) => ({ carriers, title, instead, reason }));
}

const ABSOLUTE_FORMS = [
  'absolute-form: GET http://h/file.txt',
  'absolute-form: GET HTTP://h:80/file.txt',
  'absolute-form: GET https://h/dir/',
  'absolute-form: GET http://h',
  'absolute-form: GET http://h?x=1',
];

/** By the theme (the test file) that makes the claim. */
export const EXCEPTIONS = {
  bodies: [
    ...all(UWS, 'closed', 'uWebSockets.js closes on a second request while the first waits', [
      'pipelined requests are answered in order',
    ]),
    ...all(UWS, 'closed', 'uWebSockets.js cannot read a request line in pieces', [
      'a request one byte at a time',
    ]),
    ...all(UWS, 'closed', 'uWebSockets.js takes a half-close for a close', [
      'half-closed: 67108864 bytes',
    ]),
  ],
  lifecycle: [
    ...all(H2, 'closed', 'which HTTP it would have spoken is not waited for', [
      'over the limit: 503',
    ]),
    ...all(NODE, 'closed', 'node closes what is over its limit without an answer', [
      'over the limit: 503',
    ]),
  ],
  semantics: all(NODE, '400, not 405', "node's parser knows a fixed list of methods", [
    'FOO: 405 with Allow',
  ]),
  conditionals: ['modified', 'unmodified'].map((kind) => ({
    carriers: H2,
    title: `If-${kind === 'modified' ? 'Modified' : 'Unmodified'}-Since on two lines → ignored`,
    instead: `Header field "if-${kind}-since" must only have a single value`,
    reason: "node:http2's client does not send it; test/http2/requests.test.ts does",
  })),
  paths: [
    ...all(UWS, '505, not 200', 'uWebSockets.js knows no absolute-form', ABSOLUTE_FORMS),
    ...all(
      H2,
      '400, not 200',
      'HTTP/2 has parts of their own for it (RFC 9113 §8.3.1)',
      ABSOLUTE_FORMS,
    ),
  ],
  protocol: [
    ...all(NODE, '400 closed', "node's parser knows a fixed list of methods", [
      'get in lower case',
    ]),
    ...all(NODE, '505 closed', "node's parser knows 1.0 and 1.1 only", [
      'HTTP/1.2 is answered as 1.1',
    ]),
    ...all(NODE, '200 open', "node's parser splits the request line at white space (RFC 9112 §3)", [
      'two spaces before the target',
      'two spaces before the version',
    ]),
    ...all(UWS, '505 closed', 'uWebSockets.js knows HTTP/1.1 only', [
      'HTTP/1.0 closes',
      'HTTP/1.0 with keep-alive',
      'HTTP/1.0 with a Host',
      'HTTP/1.2 is answered as 1.1',
      'Transfer-Encoding in HTTP/1.0',
      'Transfer-Encoding in HTTP/1.0 with keep-alive, and a request behind it',
    ]),
    ...all(UWS, '505 closed', 'uWebSockets.js knows origin-form only', [
      'OPTIONS *',
      'GET *',
      'absolute-form',
      'absolute-form with half a bracket',
      'absolute-form with two ports',
      'absolute-form with a high port',
      'absolute-form with a broken escape',
      'absolute-form with user information',
      'absolute-form without a name',
      'authority-form without CONNECT',
      'a path without its slash',
      'CONNECT',
    ]),
    ...all(UWS, '505 closed', 'uWebSockets.js has one answer to a request line it cannot read', [
      'http/1.1 in lower case',
      'HTTP/1.10',
      'two spaces before the target',
      'two spaces before the version',
      'a tab instead of a space',
      'a space in the target',
      'a NUL in the target',
      'a control byte in the target',
      'an empty line before the request',
      'a TLS hello on a plain port',
      'bare LFs',
      'a bare LF after the request line',
    ]),
    ...all(UWS, 'closed', 'uWebSockets.js drops a head it cannot read without an answer', [
      'no Host',
      'a bare CR in a value',
      'a space before the colon',
      'a folded line',
      'a folded first line',
      'a line without a colon',
      'a bad byte in a name',
      'a NUL in a value',
      'a control byte in a value',
      'a name with _ and .',
      '99 field lines',
      '101 field lines',
    ]),
    ...all(UWS, '200 open', 'uWebSockets.js takes an empty name for the end of the head', [
      'an empty name',
    ]),
    ...all(UWS, '200 open', 'the head limit of uWebSockets.js is set before it is loaded', [
      'a head over 16 KiB',
    ]),
    ...all(UWS, '400 closed', 'uWebSockets.js knows no chunk extensions and no trailers', [
      'chunk extensions and trailers',
    ]),
    ...all(UWS, '400 closed', 'uWebSockets.js judges a chunk before the answer', [
      'a broken chunk',
      'a quoted chunk extension without its end',
    ]),
    ...all(UWS, '100 200 505 closed', 'uWebSockets.js sends 100 (Continue) by itself', [
      'Expect: 100-continue gets the final answer',
    ]),
    ...all(UWS, '100 200 open', 'uWebSockets.js sends 100 (Continue) by itself', [
      'Expect without a body',
    ]),
    ...all(UWS, '200 closed', 'uWebSockets.js drops a head it cannot read without an answer', [
      'a good one, then a bad one',
    ]),
    ...all(UWS, 'closed', 'uWebSockets.js closes on a second request while the first waits', [
      'nothing behind two Content-Lengths is answered',
      'nothing behind two Hosts is answered',
      'nothing behind gzip, chunked is answered',
    ]),
    ...all(UWS, '200 200 open', 'uWebSockets.js goes on to what was sent in the same write', [
      'nothing after Connection: close is answered',
    ]),
  ],
} satisfies Readonly<Record<string, readonly Exception[]>>;
