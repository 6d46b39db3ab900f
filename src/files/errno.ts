// What a failed open means: one table from errno to outcome and log level (open(2), openat2(2)).

export interface Meaning {
  /**
   * `not-found`: nothing of that name. `forbidden`: there is something, and this server may not or will not serve it.
   * `failed`: the server's own trouble, 500 or 503.
   */
  readonly kind: 'not-found' | 'forbidden' | 'failed';
  /** Worth a log line? What clients can cause at will is not. */
  readonly level: 'none' | 'warn' | 'error';
  /** What the line says beside the errno, where that alone says little. */
  readonly hint?: string;
}

const ABSENT: Meaning = { kind: 'not-found', level: 'none' };
const FORBIDDEN: Meaning = { kind: 'forbidden', level: 'none' };

export function meaningOf(errno: string): Meaning {
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
    // Longer than the file system's names can be: no such file exists.
    case 'ENAMETOOLONG':
    // Not a name on this file system (bytes that are not its encoding, a colon on FAT).
    case 'EILSEQ':
    case 'EINVAL':
      return ABSENT;
    // A link that leaves the root.
    case 'EXDEV':
    // A link where the policy allows none, a magic link, or a loop of links.
    case 'ELOOP':
    // A device without a driver.
    case 'ENODEV':
      return FORBIDDEN;
    // The operator probably meant to serve it.
    case 'EACCES':
    case 'EPERM':
    // node --permission, for a link that leads to where it gives no access.
    case 'ERR_ACCESS_DENIED':
      return { kind: 'forbidden', level: 'warn' };
    case 'EOPNOTSUPP':
      return { kind: 'forbidden', level: 'warn', hint: 'made up as it is read, without a size' };
    default:
      return { kind: 'failed', level: 'error' };
  }
}

/** The errno that Node's functions and the addon's say by `code`. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EIO';
}
