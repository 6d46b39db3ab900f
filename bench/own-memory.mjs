// Prints the bytes of memory of its own that a process has which has imported what its arguments name: the pages of node's
// binary are all processes'.
import { readFileSync } from 'node:fs';

for (const name of process.argv.slice(2)) await import(name);
const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
console.log(Number(kib) * 1024);
