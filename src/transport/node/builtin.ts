// node:http without what we do not use of it.

/**
 * Not imported, because an import reads every export: from Node 22 on one of them is WebSocket, which loads fetch() and
 * 15 MiB.
 */
export const http = process.getBuiltinModule('node:http');
