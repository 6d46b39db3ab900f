// sirv over Node's own server. node sirv.mjs ROOT PORT [CERT KEY]
import sirv from 'sirv';
import { listen, root } from './listen.mjs';

const middleware = sirv(root, { etag: true, gzip: true });

listen((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
});
