// serve-static (Express's) over Node's own server. node serve-static.mjs ROOT PORT [CERT KEY]
import serveStatic from 'serve-static';
import { listen, root } from './listen.mjs';

const middleware = serveStatic(root);

listen((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
});
