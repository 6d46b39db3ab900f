// What a process may do beside serving, told on stderr as one line of JSON: loaded before the command, in the process
// that confines itself and in the confined one. PROBE: {outside, root, port, pid}.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const { outside, root, port, pid } = JSON.parse(process.env.PROBE);

const attempts = {
  readOutside: () => readFileSync(outside),
  readRoot: () => readFileSync(`${root}/a.txt`),
  writeRoot: () => writeFileSync(`${root}/probe.txt`, ''),
  writeTemporary: () => writeFileSync(`${outside}.probe`, ''),
  execute: () => {
    const { error } = spawnSync('/bin/true');
    if (error) throw error;
  },
  connect: async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  },
  listen: async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  },
  signal: () => process.kill(pid, 0),
};

const allowed = {};
for (const [name, attempt] of Object.entries(attempts)) {
  try {
    await attempt();
    allowed[name] = true;
  } catch (error) {
    allowed[name] = error.code;
  }
}
writeSync(
  2,
  `${JSON.stringify({ allowed, noNewPrivileges: /NoNewPrivs:\t1/.test(readFileSync('/proc/self/status', 'utf8')) })}\n`,
);
