// Which of some virtual hosts an authority is for: the claims for JavaScript's table, and for whoever answers by it.

/** Of the hosts 1, 2 and 3; 0 is for the rest. */
export const NAMES: ReadonlyArray<readonly string[]> = [
  ['example.org', '*.example.org'],
  ['www.example.org', '*.deep.example.org'],
  ['*.net', 'xn--bcher-kva.example', '192.0.2.1'],
];

const LONG = `${'a.'.repeat(120)}example.org`;

export const MATCHES: ReadonlyArray<readonly [authority: string, host: number]> = [
  ['example.org', 1],
  ['EXAMPLE.org', 1],
  ['example.org:80', 1],
  ['example.org:', 1],
  ['example.org.', 1],
  ['Example.Org.:8080', 1],
  ['a.example.org', 1],
  ['a.b.example.org', 1],
  ['www.example.org', 2],
  ['WWW.example.org', 2],
  ['a.www.example.org', 1],
  ['deep.example.org', 1],
  ['a.deep.example.org', 2],
  ['a.b.deep.example.org', 2],
  [LONG, 1],
  [`aaa.${LONG}`, 0],
  ['anything.net', 3],
  ['net', 0],
  ['xn--bcher-kva.example', 3],
  ['192.0.2.1:80', 3],
  ['192.0.2.2', 0],
  ['[::1]:80', 0],
  ['[2001:db8::1]', 0],
  ['example.com', 0],
  ['xexample.org', 0],
  ['.example.org', 0],
  ['.net', 0],
  ['a%2Eexample.org', 0],
  ['%65xample.org', 0],
];
