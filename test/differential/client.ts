// Asks one server, over a connection that stays, and tells its answers as texts that can be compared.
import { contentOf, OF_PROTOCOL } from '../http/protocols.ts';
import { type Address, type Connection, connect, requestBytes } from '../support/client.ts';
import type { Teardown } from '../support/tree.ts';

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** One connection after another to the same server. */
export function clientOf(t: Teardown, address: Address) {
  let connection: Connection | undefined;
  t.teardown(() => connection?.close());
  return async function ask({ method, target, fields }: Asked): Promise<string> {
    connection ??= await connect(address);
    const head = { method, fields: { connection: 'keep-alive', ...fields } };
    try {
      await connection.send(requestBytes(target, head));
      const answer = await connection.read(method);
      if (answer.field('connection') === 'close') connection = void connection.close();
      return contentOf(answer, OF_PROTOCOL);
    } catch (error) {
      connection = void connection?.close();
      return (error as Error).message;
    }
  };
}
