// The public API: re-exports only.
export { type HttpError, type Middleware, zcserve } from './middleware.ts';
export type { MiddlewareOptions } from './middleware-options.ts';
export { OptionError } from './options/table.ts';
export type { Options, OptionsInput } from './options.ts';
export type { Choice, Reason, Strategy } from './plan/types.ts';
export { createServer, type Server, type ServerStats } from './server.ts';
export type { TransportName } from './transport/transport.ts';
