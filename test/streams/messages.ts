// Messages that tell who wrote them, so that whoever finds them in a file sees that each is whole and there once.

export interface Message {
  readonly round: number;
  readonly writer: number;
  readonly seq: number;
}

/** Some are longer than a sector of a disk, most are not. */
export function textOf({ round, writer, seq }: Message): string {
  const length = seq % 50 === 49 ? 3000 : (seq * 37 + writer * 11) % 200;
  return `${round}.${writer}.${seq}:${'x'.repeat(length)}\n`;
}

/** A message, and the tail that it was acknowledged with. */
export interface Acknowledged extends Message {
  readonly tail: number;
}

export function acknowledgement({ round, writer, seq, tail }: Acknowledged): string {
  return `${round}.${writer}.${seq} ${tail}\n`;
}

/** Of what a writer has said; it may have been killed within a line. */
export function readAcknowledgements(said: string): readonly Acknowledged[] {
  return [...said.matchAll(/^(\d+)\.(\d+)\.(\d+) (\d+)\n/gm)].map(
    ([, round, writer, seq, tail]) => ({
      round: Number(round),
      writer: Number(writer),
      seq: Number(seq),
      tail: Number(tail),
    }),
  );
}

/** What is wrong with it, if anything: a message that is torn, twice there, or not in its writer's order. */
export function faultOf(content: string): string | undefined {
  const next = new Map<string, number>();
  for (const line of content.split(/(?<=\n)/)) {
    const [, round, writer, seq] = /^(\d+)\.(\d+)\.(\d+):/.exec(line) ?? [];
    const message = { round: Number(round), writer: Number(writer), seq: Number(seq) };
    if (seq === undefined || textOf(message) !== line) return `torn: ${line.slice(0, 40)}`;
    const key = `${round}.${writer}`;
    if (message.seq !== (next.get(key) ?? 0)) return `out of order: ${line.slice(0, 40)}`;
    next.set(key, message.seq + 1);
  }
  return undefined;
}

/** Those that are not where they were said to be. */
export function missing(
  content: string,
  acknowledged: readonly Acknowledged[],
): readonly Acknowledged[] {
  return acknowledged.filter((one) => {
    const text = textOf(one);
    return content.slice(one.tail - text.length, one.tail) !== text;
  });
}
