// serve-static (Express's) over node:http. node serve-static.mjs ROOT PORT
import { createServer } from 'node:http';
import serveStatic from 'serve-static';

const [root, port] = process.argv.slice(2);
const middleware = serveStatic(root);

createServer((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
}).listen(Number(port), '127.0.0.1');
