// Bun.serve with static routes: files up to 16 MiB read into memory at start, never looked at again.
// bun bun-routes.mjs ROOT PORT [CERT KEY]
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [root, port, cert, key] = process.argv.slice(2);
const routes = {};
for (const name of readdirSync(root, { recursive: true })) {
  const file = join(root, name);
  const status = statSync(file);
  if (!status.isFile() || status.size > 16 * 1024 * 1024) continue;
  routes[`/${name}`] = new Response(await Bun.file(file).bytes());
}

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  ...(cert === undefined ? {} : { http2: true, tls: { cert: Bun.file(cert), key: Bun.file(key) } }),
  routes,
  fetch: () => new Response(null, { status: 404 }),
});
