// The command that tests start: as it ships where dist/ is newer than its sources (`npm run build:ts`), which spares each
// start the compiler's half second of CPU; else from its sources.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(CHECKOUT, 'dist/cli.js');

/** Node's arguments before the command's own. */
export const CLI: readonly string[] = isBuilt()
  ? [BUILT]
  : [`--import=${import.meta.resolve('tsx')}`, join(CHECKOUT, 'src/cli.ts')];

function isBuilt(): boolean {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(CHECKOUT, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.every((name) => statSync(join(CHECKOUT, 'src', name)).mtimeMs < built);
}
