// Why a server cannot start, in the operator's words.

const ROOT: Readonly<Record<string, string>> = {
  ENOENT: 'no such directory',
  ENOTDIR: 'not a directory',
  EACCES: 'no permission to enter it',
};

const ADDRESS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use (portFallback takes the next free one)',
  EACCES: 'no permission (ports below 1024 need privileges)',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
};

export function cannotServe(root: string, cause: unknown): Error {
  return new Error(`cannot serve ${root}: ${wordsFor(cause, ROOT)}`, { cause });
}

export function cannotListen(host: string, port: number, cause: unknown): Error {
  return new Error(`cannot listen on ${host} port ${port}: ${wordsFor(cause, ADDRESS)}`, { cause });
}

function wordsFor(error: unknown, words: Readonly<Record<string, string>>): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return words[code ?? ''] ?? message;
}
