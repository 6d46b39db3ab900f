// The plain listener beside a TLS one: whoever comes there is sent on, and gets nothing else.

import { isAuthority, withoutPort } from '../http/authority.ts';
import { splitAbsolute } from '../http/target.ts';
import { errorPlan } from '../plan/errors.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Answer } from '../site/answer.ts';
import { createHttp1Transport, type Http1Options } from '../transport/node/http1.ts';
import type { Transport } from '../transport/transport.ts';

export interface HttpsRedirectOptions
  extends Pick<Http1Options, 'limits' | 'log' | 'tellEnded' | 'addon'> {
  /** Of the TLS listener. */
  readonly port: number;
}

/** Call `listen` once. */
export function createHttpsRedirect({ port, ...options }: HttpsRedirectOptions): Transport {
  const handler = (request: RequestHead) => redirectToHttps(request, port);
  return createHttp1Transport({ ...options, handler, reach: 'memory', common: [] });
}

/**
 * 308 keeps the method (RFC 9110 §15.4.9). To the name that the client came by; without one (HTTP/1.0) nobody knows where
 * to. Not stored: the port may speak something else tomorrow.
 */
export function redirectToHttps({ target, fields }: RequestHead, port: number): Answer {
  const asked = splitAbsolute(target) ?? { authority: fields.host ?? '', path: target };
  const { authority, path } = asked;
  if (!path.startsWith('/') || !isAuthority(authority)) return errorPlan(400);
  const origin = `https://${withoutPort(authority)}${port === 443 ? '' : `:${port}`}`;
  return errorPlan(308, ['Location', `${origin}${path}`, 'Cache-Control', 'no-store']);
}
