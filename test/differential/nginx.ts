// nginx as the other side of the differential test: set to do what zcserve does where it can be.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type Address, connect } from '../support/client.ts';
import { makeTree, type Teardown } from '../support/tree.ts';

/** Why nginx cannot be asked here; undefined when it can. */
export function missingNginx(): string | undefined {
  return spawnSync('nginx', ['-v']).error === undefined ? undefined : 'nginx is not installed';
}

/** Starts nginx on a free port; it ends with the test. */
export async function startNginx(t: Teardown, root: string): Promise<Address> {
  const work = makeTree(t);
  const port = await freePort();
  const config = join(work, 'nginx.conf');
  writeFileSync(config, configOf(root, work, port));
  const child = spawn('nginx', ['-p', work, '-e', 'error.log', '-c', config], { stdio: 'inherit' });
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const connection = await connect({ port }).catch(() => undefined);
    connection?.close();
    if (connection) return { port };
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function configOf(root: string, work: string, port: number): string {
  // Started by root, a worker of its own would lose the right to read a tree that only root may read.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${work};`)
    .join(' ');
  return `
daemon off; master_process off; ${user}
error_log error.log; pid nginx.pid;
events {}
http {
  access_log off; ${temporary}
  default_type application/octet-stream;
  types { text/html html; text/css css; text/plain txt; text/javascript js; image/svg+xml svg; application/gzip gz; }
  server { listen 127.0.0.1:${port}; root ${root}; index index.html;
    charset utf-8; charset_types text/css text/plain text/javascript; absolute_redirect off;
    gzip_static on; gzip_vary on; }
}
`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
