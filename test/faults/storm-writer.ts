// A process that changes files without pause while they are served: cut, restored, rewritten in place, replaced.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { pattern } from '../support/tree.ts';
import type { StormOrder } from './storm.ts';

const { root, files, pauseMs } = JSON.parse(process.argv[2] ?? '') as StormOrder;

const WAYS = ['truncate', 'rewrite', 'replace'] as const;

/** One thing happens to one file; each leaves the file whole, with the bytes of a version that never was before. */
function change(turn: number): void {
  const file = files[turn % files.length];
  if (file === undefined) return;
  const path = join(root, file.name);
  const bytes = pattern(file.size, turn);
  switch (WAYS[Math.floor(turn / files.length) % WAYS.length]) {
    case 'truncate': {
      const fd = openSync(path, 'r+');
      ftruncateSync(fd, turn % file.size);
      pause();
      ftruncateSync(fd, 0);
      writeSync(fd, bytes, 0, bytes.length, 0);
      closeSync(fd);
      break;
    }
    case 'rewrite': {
      const fd = openSync(path, 'r+');
      writeSync(fd, bytes, 0, bytes.length, 0);
      closeSync(fd);
      break;
    }
    default:
      // Outside the root, where no server watches; the same file system, for the rename.
      mkdirSync(`${root}.new`, { recursive: true });
      writeFileSync(join(`${root}.new`, file.name), bytes);
      renameSync(join(`${root}.new`, file.name), path);
  }
}

const clock = new Int32Array(new SharedArrayBuffer(4));

/** The storm has a rate, so that some answers get through between two changes. */
function pause(): void {
  Atomics.wait(clock, 0, 0, pauseMs);
}

let turn = 1;
let going = true;
process.once('message', () => {
  going = false;
});
process.once('disconnect', () => process.exit());

function blow(): void {
  if (!going) {
    process.send?.(turn, () => process.disconnect());
    return;
  }
  change(turn++);
  pause();
  setImmediate(blow);
}

process.send?.('ready');
blow();
