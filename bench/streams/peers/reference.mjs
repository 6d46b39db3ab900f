// The protocol's own server, with its streams in files: `node reference.mjs DIRECTORY PORT`. An append is acknowledged when
// it is synced; appends to one stream that come meanwhile share the call.
import { DurableStreamTestServer } from '@durable-streams/server';

const [dataDir, port] = process.argv.slice(2);
const server = new DurableStreamTestServer({ dataDir, port: Number(port), host: '127.0.0.1' });
await server.start();
