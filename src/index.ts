// The public API: re-exports only.
export type { HttpError } from './middleware/http-error.ts';
export { type Middleware, zcserve } from './middleware/middleware.ts';
export type { MiddlewareOptions } from './middleware/options.ts';
export { type SirvOptions, sirv } from './middleware/sirv.ts';
export type { HostInput, Options, OptionsInput } from './options/options.ts';
export { OptionError } from './options/table.ts';
export type { Choice, Reason, Strategy } from './plan/types.ts';
export type { TransportName } from './server/choose.ts';
export { createServer, type Server, type ServerStats } from './server/server.ts';
export {
  type ProcessStreams,
  type StreamAppended,
  type StreamAppendOptions,
  type StreamChunk,
  StreamError,
} from './streams/process-streams.ts';
