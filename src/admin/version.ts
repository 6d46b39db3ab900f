// The version of this package.
import { readFileSync } from 'node:fs';

export const VERSION = readVersion();

/** A program that has bundled us may have left package.json behind. */
function readVersion(): string {
  try {
    const file = new URL('../../package.json', import.meta.url);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return 'unknown';
  }
}
