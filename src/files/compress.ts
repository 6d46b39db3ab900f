// What is encoded here, as the policy has it: by whom, and where the forms are.
import type { NativeAddon } from '../addon/types.ts';
import { createBackground } from '../encode/background.ts';
import type { Log } from '../log/log.ts';
import { EncodedFiles } from './encoded-files.ts';
import { FormDirectory } from './form-directory.ts';
import { formsInMemory } from './forms-in-memory.ts';
import type { CompressPolicy } from './policy.ts';

/** Undefined, and said, where there is no place for what is made. */
export function openEncodedFiles(
  { codings, percent, capacity, directory }: CompressPolicy,
  addon: NativeAddon | undefined,
  log: Log,
): EncodedFiles | undefined {
  if (directory === undefined && addon === undefined) {
    log.warn(
      'compress: without the native engine only what has a directory is encoded (compressCache)',
    );
    return undefined;
  }
  const shelf =
    directory === undefined
      ? formsInMemory(addon as NativeAddon, log)
      : new FormDirectory({ path: directory, capacity, addon, log });
  const encoder = createBackground(percent);
  return new EncodedFiles({ codings, encoder, shelf, capacity, log });
}
