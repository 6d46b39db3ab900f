// A request and what is claimed of its answer, as a row of a table; and the loop that asks and judges.
import type { Test } from 'tap';
import {
  type Address,
  type Answer,
  connect,
  requestBytes,
  type SentFields,
} from '../support/client.ts';
import type { Origin } from './carriers.ts';
import type { Claims } from './claims.ts';
import { violations } from './contract.ts';
import { apart, contentOf, headOf } from './protocols.ts';

export interface Case {
  readonly title: string;
  readonly target: string;
  /** Default GET; then HEAD is asked too. */
  readonly method?: string;
  readonly fields?: SentFields;
  readonly status: number;
  /** The answer's fields: exact text, a pattern, or undefined for none. */
  readonly wants?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The body: exact, or a pattern. */
  readonly body?: string | Uint8Array | RegExp;
}

/** Times that each request is asked on one connection: planned first, then from memory, then (native) prepared. */
const TIMES = 4;

/** Asks every case and judges the answers: each time the same, HEAD with the fields of GET. */
export async function checkCases(
  t: Test,
  { address, carrier }: Pick<Origin, 'address' | 'carrier'>,
  { claim }: Claims,
  cases: readonly Case[],
): Promise<void> {
  for (const each of cases) {
    const { difference, answer } = await ask(address, each);
    claim(t, carrier.name, each.title, difference, answer);
  }
}

/** What is not as wanted, '' where all of it is, and the first answer, if there was one. */
async function ask(
  address: Address,
  wanted: Case,
): Promise<{ readonly difference: string; readonly answer?: Answer }> {
  let connection = await connect(address);
  const { method = 'GET', fields = {}, target } = wanted;
  const send = async (asked: string) => {
    const head = { method: asked, fields: { connection: 'keep-alive', ...fields } };
    await connection.send(requestBytes(target, head));
    const answer = await connection.read(asked);
    if (answer.field('connection') === 'close') {
      connection.close();
      connection = await connect(address);
    }
    return answer;
  };
  try {
    const answers: Answer[] = [];
    for (let i = 0; i < TIMES; i++) answers.push(await send(method));
    const [first] = answers as [Answer];
    const found = [...new Set(answers.flatMap((answer) => judge(wanted, answer, method)))];
    for (const [at, answer] of answers.entries()) {
      const [one, other] = [contentOf(first), contentOf(answer)];
      if (one !== other) found.push(`answer ${at + 1} is not the first: ${apart(one, other)}`);
    }
    if (method === 'GET' && !Object.keys(fields).some((name) => /^range$/i.test(name))) {
      const head = await send('HEAD');
      found.push(...violations(head, 'HEAD'));
      const [one, other] = [headOf(first), headOf(head)];
      if (one !== other) found.push(`HEAD differs: ${apart(one, other)}`);
    }
    return { difference: found.join('; '), answer: first };
  } catch (error) {
    return { difference: (error as Error).message };
  } finally {
    connection.close();
  }
}

function judge(wanted: Case, answer: Answer, method: string): string[] {
  if (answer.status !== wanted.status) return [`${answer.status}, not ${wanted.status}`];
  const found = violations(answer, method);
  for (const [name, value] of Object.entries(wanted.wants ?? {})) {
    const got = answer.field(name);
    const same = value instanceof RegExp ? got !== undefined && value.test(got) : got === value;
    if (!same) found.push(`${name} is ${got}, not ${value}`);
  }
  if (wanted.body !== undefined && !isBody(answer.body, wanted.body)) {
    found.push(`another body: ${JSON.stringify(answer.body.toString('latin1', 0, 80))}`);
  }
  return found;
}

function isBody(got: Buffer, wanted: string | Uint8Array | RegExp): boolean {
  return wanted instanceof RegExp ? wanted.test(got.toString()) : got.equals(Buffer.from(wanted));
}

/** The fields of one answer, to be used in the next requests. */
export async function validatorsOf(
  address: Address,
  target: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ readonly etag: string; readonly lastModified: string }> {
  const connection = await connect(address);
  await connection.send(requestBytes(target, { method: 'HEAD', fields }));
  const answer = await connection.read('HEAD');
  connection.close();
  return { etag: answer.field('etag') ?? '', lastModified: answer.field('last-modified') ?? '' };
}
