// The engine's rooms, lowest first: a room includes itself and those before it. As a program (room): prints the sources
// of what uses that room, it and all below it; without a room, of the whole.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

export const FOLDER = dirname(fileURLToPath(import.meta.url));

export const ROOMS = ['base', 'files', 'net', 'http', 'http1', 'http2', 'engine', 'addon'];

if (argv[1] === fileURLToPath(import.meta.url)) {
  const last = ROOMS.indexOf(argv[2] ?? 'addon');
  console.log(
    ROOMS.slice(0, last + 1)
      .flatMap(sourcesOf)
      .join(' '),
  );
}

function sourcesOf(room) {
  return readdirSync(join(FOLDER, room))
    .filter((name) => name.endsWith('.cc'))
    .sort()
    .map((name) => `${room}/${name}`);
}
