// compression (Express's) before serve-static over Node's own server. node compression.mjs ROOT PORT [CERT KEY]
import compression from 'compression';
import serveStatic from 'serve-static';
import { listen, root } from './listen.mjs';

const compress = compression();
const files = serveStatic(root);

listen((request, response) => {
  compress(request, response, () => {
    files(request, response, () => response.writeHead(404).end());
  });
});
