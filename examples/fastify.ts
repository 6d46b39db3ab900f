// Fastify 5: a directory, and single files from handlers.  node --import=tsx examples/fastify.ts
import { resolve } from 'node:path';
import fastify from 'fastify';
import { zcserve } from 'zcserve/fastify';

const app = fastify();
await app.register(zcserve, { root: resolve('public'), prefix: '/static' });
app.get('/', (_request, reply) => reply.sendFile('index.html'));
app.get('/save', (_request, reply) => reply.download('index.html', 'home.html'));
await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' });
console.log(app.listeningOrigin);
