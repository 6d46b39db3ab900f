// A worker thread with a server of its own. Workers don't inherit tsx from --import on Node 20.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { createServer } = await import('../../src/server/server.ts');
const { request } = await import('../support/client.ts');

const server = await createServer({ root: workerData.root, port: 0, logLevel: 'silent', grace: 0 });
const { body } = await request({ port: server.port }, '/small.bin');
if (workerData.close) await server.close();
parentPort?.postMessage(body.length);
if (!workerData.close) setInterval(() => {}, 1000);
