// Why a server cannot start, in the operator's words.
import type { HostPort } from '../options/operating.ts';
import { type Call, StartError } from '../options/table.ts';
import { type Place, placeText } from '../rules/listeners.ts';

const ROOT: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'no permission to enter it',
  ERR_ACCESS_DENIED: 'node --permission gives no access to it (--allow-fs-read)',
};

type Words = (call: Call) => string;

const PORT: Readonly<Record<string, Words>> = {
  EADDRINUSE: () => 'it is in use',
  EACCES: () =>
    'no permission: a port below 1024 is for root, a process with CAP_NET_BIND_SERVICE, or all from net.ipv4.ip_unprivileged_port_start on',
  EADDRNOTAVAIL: () => 'this machine has no such address',
  ENOTFOUND: () => 'no such host',
};

const FALLBACK: Words = (call) => `it is in use (${call('portFallback')} takes the next free one)`;

const SOCKET_FILE: Readonly<Record<string, Words>> = {
  EADDRINUSE: () => 'somebody listens there',
  EEXIST: () => 'something that is no socket stands there',
  EACCES: () => 'no permission to make it',
  ENOENT: () => 'its directory does not exist',
};

const DESCRIPTOR: Readonly<Record<string, Words>> = {
  EBADF: () => 'it is not open',
  ENOTSOCK: () => 'it is no socket',
  EINVAL: () => 'it is no socket that listens',
};

const WORDS = { tcp: PORT, unix: SOCKET_FILE, descriptors: DESCRIPTOR } as const;

export function cannotServe(root: string, cause: unknown): StartError {
  // Of a file of users, it says so itself.
  if (cause instanceof StartError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new StartError(`cannot serve ${root}: ${ROOT[code ?? ''] ?? message}`, { cause });
}

export function cannotLog(path: string, cause: unknown): StartError {
  const { message } = cause as Error;
  return new StartError((call) => `${call('accessLog')}: cannot write to ${path}: ${message}`, {
    cause,
  });
}

/** `hint`: another port might be taken. */
export function cannotListen(at: Place, hint: boolean, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words = code === 'EADDRINUSE' && hint ? FALLBACK : WORDS[at.kind][code ?? ''];
  const where = at.kind === 'tcp' ? `${at.host || 'all addresses'} port ${at.port}` : placeText(at);
  return new StartError((call) => `cannot listen on ${where}: ${words?.(call) ?? message}`, {
    cause,
  });
}

/** The listener beside the server's own, whose address is in one option. */
export function cannotAdminister({ host, port }: HostPort, cause: unknown): StartError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const words = PORT[code ?? ''] ?? (() => message);
  return new StartError(
    (call) => `${call('admin')}: cannot listen on ${host} port ${port}: ${words(call)}`,
    { cause },
  );
}
