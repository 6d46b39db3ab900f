// node:http without what we do not use of it.
import type nodeHttp from 'node:http';
import { createRequire } from 'node:module';

/**
 * Taken by require(), because an import reads every export: from Node 22 on one of them is WebSocket, which loads
 * fetch() and 15 MiB.
 */
export const http = createRequire(import.meta.url)('node:http') as typeof nodeHttp;
