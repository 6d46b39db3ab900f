// What node:http itself costs: bodies from memory, no semantics. node node-buffer.mjs ROOT PORT
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [root, port] = process.argv.slice(2);
const files = new Map();

function load(path) {
  let bytes = files.get(path);
  if (bytes === undefined) {
    bytes = readFileSync(join(root, path));
    files.set(path, bytes);
  }
  return bytes;
}

createServer((request, response) => {
  let bytes;
  try {
    bytes = load(request.url);
  } catch {
    response.writeHead(404, { 'Content-Length': 0 }).end();
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}).listen(Number(port), '127.0.0.1');
