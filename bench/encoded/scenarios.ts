// The scenarios of scripts in encoded form.
import { bytesTitle, type Protocol, type Scenario, scenario } from '../scenario.ts';
import { KIB } from '../site.ts';
import { type Script, SIZES, script } from './scripts.ts';

export const encoded: readonly Scenario[] = [
  ...SIZES.flatMap((size) => [
    get(script(size, 'br, gzip'), 'http'),
    get(script(size, 'gzip'), 'http'),
  ]),
  ...SIZES.map((size) => get(script(size, 'br, gzip'), 'https')),
];

function get(asked: Script, protocol: Protocol): Scenario {
  const { accepted, size } = asked;
  const secure = protocol === 'https';
  const name = ['encoded', `${size / KIB}k`, ...(accepted === 'gzip' ? ['gzip'] : [])].join('-');
  return scenario(
    'encoded',
    secure ? `https-${name}` : name,
    `GET ${bytesTitle(size)} script, ${accepted} accepted${secure ? ', HTTPS' : ''}`,
    [{ kind: 'encoded', script: asked }],
    { protocol },
  );
}
