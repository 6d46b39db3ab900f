// What is read of the input and not yet appended: while one append is under way, the next gathers.

export interface Intake {
  /** Waits until so many bytes are there, or the input has ended. Throws what reading has thrown. */
  fill(least: number): Promise<void>;
  /** All that is there. */
  peek(): Buffer;
  /** Forgets the first `count` bytes. */
  drop(count: number): void;
  /** Has the input ended? What is there is the rest of it. */
  readonly isOver: boolean;
}

/** Reads on until it holds more than `most` bytes, or what is waited for. */
export function createIntake(input: AsyncIterable<Buffer>, most: number): Intake {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = most;
  let isOver = false;
  let failure: unknown;
  let readOn = () => {};
  let tell = () => {};

  async function readAll(): Promise<void> {
    for await (const chunk of input) {
      chunks.push(chunk);
      held += chunk.length;
      tell();
      while (held > wanted) {
        await new Promise<void>((resolve) => {
          readOn = resolve;
        });
      }
    }
  }

  readAll()
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      isOver = true;
      tell();
    });

  return {
    async fill(least) {
      wanted = Math.max(most, least);
      readOn();
      while (held < least && !isOver) {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
      if (failure !== undefined) throw failure;
    },
    peek() {
      if (chunks.length !== 1) chunks = [Buffer.concat(chunks)];
      return chunks[0] as Buffer;
    },
    drop(count) {
      chunks = [this.peek().subarray(count)];
      held -= count;
      readOn();
    },
    get isOver() {
      return isOver;
    },
  };
}
