// Advice is for whoever runs the server: does the request show that somebody else may read the answer?
import { hostOf, isLoopback } from '../http/authority.ts';
import { ASKER, type RequestFields } from './request.ts';

/** Asked on this machine, and handed on by nobody. (The server listens on loopback only, or there is no advice.) */
export function isFromHere(fields: RequestFields): boolean {
  return ASKER.every((name) => {
    const value = fields[name];
    return name === 'host' ? value !== undefined && isLoopback(hostOf(value)) : value === undefined;
  });
}
