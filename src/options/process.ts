// Options of the command: what its process is, beside a server.
import { bareMeans, choice, formed, path, paths } from './kinds.ts';
import { option, optional } from './table.ts';

const account = formed(
  'user[:group]',
  'a user, or user:group, by name or number',
  /^[^:\s]+(?::[^:\s]+)?$/,
);

export const ofProcess = {
  user: optional(
    account,
    'user to become when the keys are read; it opens the files, ports below 1024 are bound all the same',
    'nginx user',
  ),
  pidFile: optional(path, 'file for the number of the process, there when it listens', 'nginx pid'),
  sandbox: option(
    bareMeans('on', choice('off', 'on', 'auto')),
    'off',
    'reach nothing but what is served and what it takes to serve it (landlock); auto: where the kernel has that',
  ),
  sandboxRead: optional(
    paths,
    'more that may be read in the sandbox, such as the directory in which releases of the root come and go',
  ),
};
