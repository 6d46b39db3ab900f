// How large a file the memory cache takes where nobody has said so.
import t from 'tap';
import { mmapMaxOf } from '../../src/options/mmap-max.ts';
import { type OptionsInput, resolveOptions } from '../../src/options/options.ts';
import { TLS_OPTIONS } from '../support/tls.ts';

const KIB = 2 ** 10;

const CASES: ReadonlyArray<readonly [OptionsInput, number]> = [
  [{}, 32 * KIB],
  [{ cacheSize: '1g' }, 32 * KIB],
  [{ mmapMax: '128k' }, 128 * KIB],
  [TLS_OPTIONS, 1024 * KIB],
  [{ ...TLS_OPTIONS, cacheSize: '1g' }, 1024 * KIB],
  [{ ...TLS_OPTIONS, cacheSize: '16m' }, 256 * KIB],
  [{ ...TLS_OPTIONS, mmapMax: '8k' }, 8 * KIB],
  [{ ...TLS_OPTIONS, mmapMax: 0 }, 0],
];

t.test('32 KiB beside sendfile, more where bodies are encrypted', async (t) => {
  for (const [options, size] of CASES) {
    t.equal(mmapMaxOf(resolveOptions(options)), size, JSON.stringify(options));
  }
});
