// Options: what is told to the operator.
import { choice } from './kinds.ts';
import { option } from './table.ts';

export const logging = {
  logLevel: option(
    choice('silent', 'error', 'warn', 'info'),
    'info',
    'least that is written to stderr',
  ),
  logFormat: option(choice('text', 'json'), 'text', 'form of its lines'),
};
