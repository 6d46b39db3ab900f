// The fields of a node:http request as they were received: what its own merging of lines would hide.
import type { IncomingMessage } from 'node:http';
import { type RequestField, type RequestFields, requestFields } from '../../plan/request.ts';

/**
 * Of these node keeps the first line and drops the others (unless its server was made with
 * `joinDuplicateHeaders`), but two of them are no date (RFC 9110 §13.1.3, §13.1.4).
 */
const FIRST_LINE_ONLY = [
  'if-modified-since',
  'if-unmodified-since',
] as const satisfies readonly RequestField[];

/** The fields that the plan reads, each with all of its lines (RFC 9110 §5.3). */
export function receivedFields(req: IncomingMessage): RequestFields {
  const fields: { [name in RequestField]?: string | undefined } = requestFields(req.headers);
  for (const name of FIRST_LINE_ONLY) {
    if (fields[name] === undefined) continue;
    const lines = linesOf(name, req);
    if (lines.length > 1) fields[name] = lines.join(', ');
  }
  return fields;
}

/** Requests that were made by hand (serverless adapters, mocks) may have none. */
function linesOf(name: string, { rawHeaders = [] }: Partial<IncomingMessage>): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) lines.push(rawHeaders[i + 1] ?? '');
  }
  return lines;
}
