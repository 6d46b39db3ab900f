// Figures as a reader wants them: units, three significant digits, medians with their spread.
import type { Figure } from '../results.ts';

/** 0.0123 → "0.012", 7.13 → "7.1", 1234.5 → "1,235". */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 1 ? 1 : value === 0 ? 0 : 3;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** "7.1 (6.9–7.4)". */
export function withSpread({ median, low, high }: Figure): string {
  return `${number(median)} (${number(low)}–${number(high)})`;
}

/** "1.55×". */
export function times(ratio: number): string {
  return Number.isFinite(ratio) ? `${ratio.toFixed(2)}×` : '–';
}

/** Bytes per second as "812 MiB/s". */
export function bandwidth(bytesPerSecond: number): string {
  return `${number(bytesPerSecond / 1024 / 1024)} MiB/s`;
}

/** Microseconds as "87 µs", "1.2 ms". */
export function duration(microseconds: number): string {
  return microseconds < 1000 ? `${number(microseconds)} µs` : `${number(microseconds / 1000)} ms`;
}

export function mebibytes(bytes: number): string {
  return number(bytes / 1024 / 1024);
}
