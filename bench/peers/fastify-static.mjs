// @fastify/static in Fastify, no logger. node fastify-static.mjs ROOT PORT [CERT KEY]
import fastifyStatic from '@fastify/static';
import { fastify } from 'fastify';
import { address, root, tls } from './listen.mjs';

const app = fastify({
  logger: false,
  ...(tls === undefined ? {} : { http2: true, https: { ...tls, allowHTTP1: true } }),
});
app.register(fastifyStatic, { root, preCompressed: true });

await app.listen(address);
