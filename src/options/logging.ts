// Options: what is told to the operator.
import { ACCESS_FORMATS, parseAccessPattern } from '../rules/access-format.ts';
import { choice, type Kind, list, network, output, text } from './kinds.ts';
import { option, optional } from './table.ts';

const accessFormat: Kind<string> = {
  ...text,
  shape: `auto|${ACCESS_FORMATS.join('|')}|pattern`,
  expected: `auto, ${ACCESS_FORMATS.join(', ')}, or a pattern of Apache's directives that are known here, such as '%h "%r" %>s %b'`,
  parse(input) {
    if (typeof input !== 'string') return undefined;
    if (input === 'auto' || ACCESS_FORMATS.some((name) => name === input)) return input;
    const isPattern = input.includes('%') && !/[\n\r]/.test(input);
    return isPattern && typeof parseAccessPattern(input) !== 'string' ? input : undefined;
  },
};

export const logging = {
  logLevel: option(
    choice('silent', 'error', 'warn', 'info'),
    'info',
    'least that is written to stderr',
  ),
  logFormat: option(choice('text', 'json'), 'text', 'form of its lines'),
  accessLog: optional(
    output,
    'a line for each request goes to this file, opened again on USR1; - is standard output',
    'nginx access_log, Apache CustomLog',
  ),
  accessFormat: option(
    accessFormat,
    'auto',
    'form of these lines; auto is pretty on a terminal and combined elsewhere',
    'nginx log_format, Apache LogFormat',
  ),
  trustProxy: option(
    list(network),
    [],
    'proxies whose X-Forwarded-For or Forwarded says who the client is, for these lines',
    'nginx set_real_ip_from, Apache RemoteIPTrustedProxy',
  ),
};
