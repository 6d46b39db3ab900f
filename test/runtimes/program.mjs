// In another runtime: asks the middleware and each transport for every file, and prints what came, as JSON.
import { createServer as createHttpServer } from 'node:http';
import { createServer, zcserve } from '../../src/index.ts';

const [root, ...names] = process.argv.slice(2);

async function askAll(url) {
  const answers = {};
  // Cold, warm, hot.
  for (let round = 0; round < 3; round++) {
    for (const name of names) {
      const answer = await fetch(`${url}/${name}`);
      const { length } = await answer.bytes();
      answers[`${name} ${round}`] = `${answer.status} ${length}`;
    }
  }
  const part = await fetch(`${url}/${names.at(-1)}`, { headers: { range: 'bytes=5-70004' } });
  answers.part = `${part.status} ${(await part.bytes()).length}`;
  answers.none = `${(await fetch(`${url}/none`)).status}`;
  return answers;
}

const results = {};

const serve = zcserve(root);
const host = createHttpServer((req, res) =>
  serve(req, res, () => {
    res.statusCode = 404;
    res.end();
  }),
);
await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
results.middleware = { answers: await askAll(`http://127.0.0.1:${host.address().port}`) };

for (const transport of ['http1', 'auto']) {
  const server = await createServer({ root, port: 0, transport, logLevel: 'silent' });
  const { sendfile, reason, transport: name } = server;
  results[transport] = { answers: await askAll(server.url), name, sendfile, reason };
}

console.log(JSON.stringify(results));
process.exit(0);
