// The suite's core once more, for a virtual host that stands beside two other sites: by the engine, over HTTP/1 and HTTP/2,
// and by node:http.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const THEMES = ['semantics', 'conditionals', 'ranges', 'routes'];

t.setTimeout(240_000);

for (const theme of THEMES) {
  t.test(theme, async (t) => {
    const file = fileURLToPath(new URL(`./${theme}.test.ts`, import.meta.url));
    const child = spawn(process.execPath, ['--import=tsx', file], {
      env: { ...process.env, ZCSERVE_TEST_SECOND_HOST: 'native,http1,h2', TAP: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    const [code] = await once(child, 'close');
    t.equal(code, 0, text.match(/^ *not ok .*$/gm)?.join('\n') ?? theme);
    t.match(text, /^ok \d+ - native/m, 'it was asked');
  });
}
