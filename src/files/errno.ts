// What a failed open means: one table from errno to outcome and log level (open(2), openat2(2)).

export type Refusal =
  /** Nothing of that name. */
  | 'not-found'
  /** There is something, and this server may not or will not serve it. */
  | 'forbidden'
  /** The server's own trouble: 500 or 503. */
  | 'failed';

export interface Meaning {
  readonly refusal: Refusal;
  /** Worth a log line? What clients can cause at will is not. */
  readonly level: 'none' | 'warn' | 'error';
}

const ABSENT: Meaning = { refusal: 'not-found', level: 'none' };
const FORBIDDEN: Meaning = { refusal: 'forbidden', level: 'none' };

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
      return { refusal: 'forbidden', level: 'warn' };
    default:
      return { refusal: 'failed', level: 'error' };
  }
}
