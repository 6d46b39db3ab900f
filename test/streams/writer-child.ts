// A process that appends until it is killed: `node writer-child.ts DIRECTORY DURABILITY APPENDS`. It says each append when
// it is acknowledged: a line with the stream, the writer's number and the tail.
import { loadNative } from '../../src/addon/load.ts';
import { createLog } from '../../src/log/log.ts';
import { openStreamStore } from '../../src/streams/open-store.ts';
import type { Durability } from '../../src/streams/types.ts';
import { OPTIONS, TEXT } from './fixture.ts';

const [directory = '', durability = 'group', appends = '0'] = process.argv.slice(2);
const { addon } = loadNative();
const log = createLog();
try {
  const options = { ...OPTIONS, durability: durability as Durability };
  const store = await openStreamStore(directory, options, { addon, log });
  process.stdout.write(`open ${store.stats().open} ${TEXT.contentType} ${appends}\n`);
  await store.close();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : error}\n`);
}
