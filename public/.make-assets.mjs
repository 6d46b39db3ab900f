// Makes the demo site's larger assets: pictures drawn by arithmetic, and one large file. Keeps those that exist.
import { existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';

const folder = fileURLToPath(new URL('assets/', import.meta.url));
const MIB = 2 ** 20;
const RIDGES = 6;

mkdirSync(folder, { recursive: true });
make('dunes-small.png', (path) => writeFileSync(path, drawDunes(160, 100)));
make('dunes-medium.png', (path) => writeFileSync(path, drawDunes(480, 300)));
make('dunes-large.png', (path) => writeFileSync(path, drawDunes(1920, 1200)));
make('large.bin', (path) => writeNumbers(path, 64 * MIB));

/** Writes beside and renames, so that an interrupted run leaves no half file behind. */
function make(name, write) {
  const path = join(folder, name);
  if (existsSync(path)) return;
  write(`${path}.new`);
  renameSync(`${path}.new`, path);
  console.error(`made public/assets/${name}`);
}

/** Ridges under a sky, each nearer one darker, with grain so that the file has the size of a photograph. */
function drawDunes(width, height) {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  let grain = 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = colourAt(x / width, y / height);
      grain = (Math.imul(grain, 1103515245) + 12345) >>> 0;
      const noise = (grain >>> 16) % 8;
      rows.set([r + noise, g + noise, b + noise], y * (1 + 3 * width) + 1 + 3 * x);
    }
  }
  return encodePng(width, height, rows);
}

function colourAt(x, y) {
  for (let ridge = RIDGES; ridge > 0; ridge--) {
    const near = ridge / RIDGES;
    const line = 0.28 + 0.11 * ridge + 0.05 * Math.sin(x * (9 - ridge) + ridge * 2.1);
    const crest = line + 0.02 * Math.sin(x * (23 - 2 * ridge) + ridge);
    if (y > crest) {
      const light = 1 - Math.min(1, (y - crest) * 3) * 0.45;
      return mix([232, 178, 128], [52, 34, 70], near).map((channel) => channel * light);
    }
  }
  const sun = Math.hypot((x - 0.68) * 1.6, y - 0.24);
  return sun < 0.07 ? [248, 236, 204] : mix([246, 196, 150], [84, 120, 168], 1 - y * 1.6);
}

function mix(from, to, share) {
  const part = Math.min(1, Math.max(0, share));
  return from.map((channel, i) => channel + (to[i] - channel) * part);
}

/** 8-bit RGB; each row begins with its filter byte, 0. PNG (third edition) §5, §11. */
function encodePng(width, height, rows) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Counts upward in 32-bit words: any wrong or missing byte can be seen. */
function writeNumbers(path, size) {
  const file = openSync(path, 'w');
  const words = new Uint32Array(MIB / 4);
  for (let start = 0; start < size; start += MIB) {
    for (let i = 0; i < words.length; i++) words[i] = start / 4 + i;
    writeSync(file, words);
  }
}
