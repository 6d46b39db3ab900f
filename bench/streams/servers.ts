// The servers of streams: zcserve with each durability, the protocol's reference, and a bare node:http.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, type RunningServer, startOnPort } from '../servers/server.ts';
import { zcserveWith } from '../servers/zcserve.ts';

/** Where their streams are, in paths. */
export const PREFIX = '/s';

export interface StreamServer {
  readonly name: string;
  /** Speaks the protocol; the bare one only appends. */
  readonly speaks: boolean;
  /** Why it can't run here and how to change that; undefined when it can. */
  missing(): string | undefined;
  /** `work` is an empty directory of its own; `root`: files to serve beside the streams, where it can. */
  start(work: string, root: string, cores: string | undefined): Promise<RunningServer>;
}

const DURABILITIES = ['sync', 'group', 'async', 'none'] as const;

export const streamServers: readonly StreamServer[] = [
  ...DURABILITIES.map(zcserveAt),
  program('reference', true, 'peers/reference.mjs'),
  program('bare node:http', false, 'bare.mjs'),
];

function zcserveAt(durability: (typeof DURABILITIES)[number]): StreamServer {
  const name = `zcserve ${durability}`;
  const kind = zcserveWith(name, (work) => [
    ...[`--streams=${PREFIX}`, `--streams-dir=${join(work, 'streams')}`],
    `--durability=${durability}`,
  ]);
  return {
    name,
    speaks: true,
    missing: kind.missing,
    start(work, root, cores) {
      mkdirSync(join(work, 'streams'));
      return kind.start({ root, work, cores });
    },
  };
}

function program(name: string, speaks: boolean, file: string): StreamServer {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const packages = new URL('peers/node_modules/@durable-streams/server', import.meta.url);
  return {
    name,
    speaks,
    missing: () => (!speaks || existsSync(packages) ? undefined : 'npm ci in bench/streams/peers'),
    async start(work, _root, cores) {
      const port = await freePort();
      const args = [path, work, `${port}`];
      return await startOnPort(port, { program: process.execPath, args, cores });
    },
  };
}
