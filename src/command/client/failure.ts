// What an attempt may end in beside success: it is tried again, or the command ends.

/** The server could not be reached, went away, or asks for patience. */
export class Lost extends Error {
  /** Milliseconds that the server asks for. */
  readonly afterMs: number | undefined;

  constructor(words: string, afterMs?: number) {
    super(words);
    this.afterMs = afterMs;
  }
}

/** Trying again would change nothing. The message is the command's last line. */
export class Refused extends Error {}

/** The reader of standard output has gone. */
export class ReaderGone extends Error {}
