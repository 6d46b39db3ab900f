// The plain listener beside a TLS one: whoever comes there is sent on, and gets nothing else.

import type { EngineLimits } from '../addon/engine.ts';
import { isAuthority, withoutPort } from '../http/authority.ts';
import { splitAbsolute } from '../http/target.ts';
import type { Log } from '../log/log.ts';
import { errorPlan } from '../plan/errors.ts';
import type { RequestHead } from '../plan/request.ts';
import type { Answer } from '../site/answer.ts';
import type { TellEnded } from '../transport/ended.ts';
import { createHttp1Transport } from '../transport/node/http1.ts';
import type { Transport } from '../transport/transport.ts';

/** `port`: of the TLS listener. Call `listen` once. */
export function createHttpsRedirect(
  limits: EngineLimits,
  port: number,
  log: Log,
  tellEnded?: TellEnded,
): Transport {
  const handler = (request: RequestHead) => redirectToHttps(request, port);
  return createHttp1Transport({ handler, reach: 'memory', limits, log, common: [], tellEnded });
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
