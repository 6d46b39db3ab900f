// Options: who may see what.
import { filesByPrefix } from './kinds.ts';
import { option } from './table.ts';

export const access = {
  auth: option(
    filesByPrefix,
    {},
    'htpasswd file of those who may see what begins with this path, by Basic authentication',
    'nginx auth_basic_user_file',
  ),
};
