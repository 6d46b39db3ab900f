// Why a server cannot start, in the operator's words.
import type { HostPort } from '../options/operating.ts';
import { type Call, StartError } from '../options/table.ts';

const ROOT: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'no permission to enter it',
  ERR_ACCESS_DENIED: 'node --permission gives no access to it (--allow-fs-read)',
};

const ADDRESS: Readonly<Record<string, (call: Call) => string>> = {
  EADDRINUSE: (call) => `it is in use (${call('portFallback')} takes the next free one)`,
  EACCES: () =>
    'no permission: a port below 1024 is for root, a process with CAP_NET_BIND_SERVICE, or all from net.ipv4.ip_unprivileged_port_start on',
  EADDRNOTAVAIL: () => 'this machine has no such address',
  ENOTFOUND: () => 'no such host',
};

export function cannotServe(root: string, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new StartError(`cannot serve ${root}: ${ROOT[code ?? ''] ?? message}`, { cause });
}

export function cannotLog(path: string, cause: unknown): StartError {
  const { message } = cause as Error;
  return new StartError((call) => `${call('accessLog')}: cannot write to ${path}: ${message}`, {
    cause,
  });
}

export function cannotListen(host: string, port: number, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words = ADDRESS[code ?? ''] ?? (() => message);
  return new StartError((call) => `cannot listen on ${host} port ${port}: ${words(call)}`, {
    cause,
  });
}

/** The listener beside the server's own, whose address is in one option. */
export function cannotAdminister({ host, port }: HostPort, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words =
    code === 'EADDRINUSE' ? () => 'it is in use' : (ADDRESS[code ?? ''] ?? (() => message));
  return new StartError(
    (call) => `${call('admin')}: cannot listen on ${host} port ${port}: ${words(call)}`,
    { cause },
  );
}
