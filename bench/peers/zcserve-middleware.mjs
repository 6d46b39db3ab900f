// zcserve as middleware over Node's own server. node zcserve-middleware.mjs ROOT PORT [CERT KEY]
import { zcserve } from '../../dist/index.js';
import { listen, root } from './listen.mjs';

const middleware = zcserve(root, { gzip: true, listing: process.env.LISTING === 'on' });

listen((request, response) => {
  middleware(request, response, () => response.writeHead(404).end());
});
