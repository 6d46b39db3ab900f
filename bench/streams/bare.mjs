// What an append costs that is written with Node's own means: `node bare.mjs DIRECTORY PORT`. POST appends to a file and
// syncs it, PUT begins one, GET reads it.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

const [directory, port] = process.argv.slice(2);
const handles = new Map();

createServer(async (request, response) => {
  const path = join(directory, encodeURIComponent(request.url.split('?', 1)[0]));
  switch (request.method) {
    case 'PUT':
      handles.set(path, await open(path, 'a'));
      return response.writeHead(201).end();
    case 'POST': {
      const handle = handles.get(path);
      await handle.appendFile(await buffer(request));
      await handle.datasync();
      return response.writeHead(204).end();
    }
    default:
      return createReadStream(path)
        .on('error', () => response.writeHead(404).end())
        .pipe(response);
  }
}).listen(Number(port), '127.0.0.1');
