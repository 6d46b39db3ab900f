// What a failed open means.
import t from 'tap';
import { meaningOf } from '../../src/files/errno.ts';

for (const [errno, kind, level] of [
  ['ENOENT', 'not-found', 'none'],
  ['ENOTDIR', 'not-found', 'none'],
  ['ENAMETOOLONG', 'not-found', 'none'],
  ['EINVAL', 'not-found', 'none'],
  ['EILSEQ', 'not-found', 'none'],
  ['EXDEV', 'forbidden', 'none'],
  ['ELOOP', 'forbidden', 'none'],
  ['EACCES', 'forbidden', 'warn'],
  ['EPERM', 'forbidden', 'warn'],
  ['ERR_ACCESS_DENIED', 'forbidden', 'warn'],
  ['EMFILE', 'failed', 'error'],
  ['ENFILE', 'failed', 'error'],
  ['ENOMEM', 'failed', 'error'],
  ['EIO', 'failed', 'error'],
  ['ESTALE', 'failed', 'error'],
  ['EWHATEVER', 'failed', 'error'],
] as const) {
  t.same(meaningOf(errno), { kind, level }, errno);
}
t.match(meaningOf('EOPNOTSUPP'), { kind: 'forbidden', level: 'warn', hint: /without a size/ });
