// What Node's own server costs by itself: bodies from memory, no semantics. node node-buffer.mjs ROOT PORT [CERT KEY]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listen, root } from './listen.mjs';

const files = new Map();

function load(path) {
  let bytes = files.get(path);
  if (bytes === undefined) {
    bytes = readFileSync(join(root, path));
    files.set(path, bytes);
  }
  return bytes;
}

listen((request, response) => {
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
});
