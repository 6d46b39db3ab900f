// sirv over node:http. node sirv.mjs ROOT PORT
import { createServer } from 'node:http';
import sirv from 'sirv';

const [root, port] = process.argv.slice(2);
const middleware = sirv(root, { etag: true, gzip: true });

createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(port), '127.0.0.1');
