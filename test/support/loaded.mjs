// Preloaded (--import): says on stderr which files of modules the process has loaded, a line for each.
import { writeSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const HOOK = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    const module = await next(url, context);
    writeSync(2, 'loaded ' + url + '\\n');
    return module;
  }`;

register(`data:text/javascript,${encodeURIComponent(HOOK)}`);

// What require() loads passes by no hook.
const { cache } = createRequire(import.meta.url);
process.on('exit', () => {
  for (const file of Object.keys(cache)) writeSync(2, `loaded ${file}\n`);
});
