// Raw results on disk: JSON, compressed, for a run's samples are many and alike.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

/** Writes `value` to a path that ends in .json.gz, whole or not at all. */
export function writeRaw(path: string, value: unknown): void {
  writeFileSync(`${path}.part`, gzipSync(`${JSON.stringify(value, undefined, 1)}\n`, { level: 9 }));
  renameSync(`${path}.part`, path);
}

/** Reads what writeRaw has written, or the same unpacked. */
export function readRaw(path: string): unknown {
  const bytes = readFileSync(path);
  return JSON.parse(String(path.endsWith('.gz') ? gunzipSync(bytes) : bytes));
}

/** The path of a report beside its raw results. */
export function beside(path: string, extension: 'md' | 'svg'): string {
  return path.replace(/json(\.gz)?$/, extension);
}
