// Node's own HTTP parser (llhttp), asked about single heads through a node:http server without a socket.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

export type NodeAnswer =
  | { readonly result: 'incomplete' }
  | { readonly result: 'refused'; readonly code: string }
  | { readonly result: 'complete'; readonly head: NodeHead };

export interface NodeHead {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Names in lower case, in order, as often as they were sent. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  /** Unknown for CONNECT, which node:http answers on another path. */
  readonly keepAlive?: boolean;
}

// node:http checks Host itself, after its parser; this is about the parser.
const server = createServer({ requireHostHeader: false });
const waiting = new WeakMap<Duplex, (answer: NodeAnswer) => void>();

function onHead(request: IncomingMessage, response?: ServerResponse) {
  const { method = '', url = '', httpVersion, rawHeaders, socket } = request;
  const lines: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    lines.push([rawHeaders[i]?.toLowerCase() ?? '', rawHeaders[i + 1] ?? '']);
  }
  const head = { method, target: url, version: httpVersion, lines };
  waiting.get(socket)?.({
    result: 'complete',
    head: response ? { ...head, keepAlive: response.shouldKeepAlive } : head,
  });
}

server.on('request', onHead);
server.on('checkContinue', onHead);
server.on('checkExpectation', onHead);
server.on('connect', (request) => onHead(request));
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const code = error.code ?? error.message;
  const cut = code === 'HPE_INVALID_EOF_STATE';
  waiting.get(socket)?.(cut ? { result: 'incomplete' } : { result: 'refused', code });
});

/** What Node makes of a head, a string of one character for each byte, after which the client says no more. */
export function askNode(head: string): Promise<NodeAnswer> {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const answer = new Promise<NodeAnswer>((resolve) => {
    waiting.set(socket, resolve);
    socket.once('close', () => resolve({ result: 'incomplete' }));
  });
  server.emit('connection', socket);
  socket.push(Buffer.from(head, 'latin1'));
  socket.push(null);
  return answer.finally(() => socket.destroy());
}
