// Bun.serve with a directory route (Bun 1.4): Bun itself answers, no JavaScript runs. bun bun-directory.mjs ROOT PORT [CERT KEY]
const [root, port, cert, key] = process.argv.slice(2);

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  ...(cert === undefined ? {} : { http2: true, tls: { cert: Bun.file(cert), key: Bun.file(key) } }),
  routes: { '/*': { dir: root } },
});
