// zcserve as middleware over node:http. node zcserve-middleware.mjs ROOT PORT
import { createServer } from 'node:http';
import { zcserve } from '../../dist/index.js';

const [root, port] = process.argv.slice(2);
const middleware = zcserve(root, { gzip: true });

createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(port), '127.0.0.1');
