// The stream that is appended to: found, or created.
import { isJson } from '../../http/media-type.ts';
import type { Connection } from '../client/connection.ts';
import { Refused } from '../client/failure.ts';
import type { Persistence } from '../client/persist.ts';
import type { Asked } from './asked.ts';

export interface Stream {
  readonly contentType: string;
  readonly isJson: boolean;
  readonly isClosed: boolean;
}

const ANY_BYTES = 'application/octet-stream';

/** Throws `Refused` where there is none and none is to be created, or what is there is no stream. */
export function openStream(
  connection: Connection,
  persistence: Persistence,
  { create, contentType, resume }: Asked,
): Promise<Stream> {
  return persistence.run(async () => {
    const found = await connection.ask({ method: 'HEAD', takes: create ? [404] : [] });
    await found.drop();
    if (found.status === 404) {
      const fields = { 'content-type': contentType ?? ANY_BYTES };
      const created = await connection.ask({ method: 'PUT', fields });
      await created.drop();
      return streamOf(created.field('content-type') ?? fields['content-type'], false);
    }
    if (found.field('stream-next-offset') === undefined) throw new Refused('this is no stream');
    const type = found.field('content-type') ?? ANY_BYTES;
    const isClosed = found.field('stream-closed') === 'true';
    if (isClosed && !resume) throw new Refused('the stream is closed');
    return streamOf(type, isClosed);
  });
}

function streamOf(contentType: string, isClosed: boolean): Stream {
  return { contentType, isJson: isJson(contentType), isClosed };
}
