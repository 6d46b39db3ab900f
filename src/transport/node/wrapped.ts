// By whose functions a response goes to its client: node's own, or those that others have put in their way.
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { http } from './builtin.ts';

/** Has somebody (a compressor, a minifier, a session) put functions of their own in the way of the body? */
export function isWrapped(res: ServerResponse): boolean {
  return Object.hasOwn(res, 'write') || Object.hasOwn(res, 'end');
}

/** Does the body go to the connection by the methods of node:http, and by no imitation's? */
export function isPlain(res: ServerResponse): boolean {
  const { write, end } = http.ServerResponse.prototype;
  return res.write === write && res.end === end;
}

/** And from there to the kernel, or into records of TLS, by those of node:net? */
export function isNodes(res: ServerResponse): boolean {
  const { socket } = res;
  if (!isPlain(res) || !(socket instanceof Socket)) return false;
  const { write, _write, _writev } = Socket.prototype;
  return socket.write === write && socket._write === _write && socket._writev === _writev;
}
