// Bun.serve with Bun.file for every request. bun bun-file.mjs ROOT PORT [CERT KEY]
const [root, port, cert, key] = process.argv.slice(2);

Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  ...(cert === undefined ? {} : { http2: true, tls: { cert: Bun.file(cert), key: Bun.file(key) } }),
  async fetch(request) {
    const file = Bun.file(root + new URL(request.url).pathname);
    return (await file.exists()) ? new Response(file) : new Response(null, { status: 404 });
  },
});
