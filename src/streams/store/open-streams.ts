// The streams that this process knows, by name: those that were used last are open, the others only as long as somebody
// else holds them. So there is never more than one of a name.
import type { FileStream } from './file-stream.ts';

/** Of the streams used least lately, so many are asked at a time whether somebody needs them. */
const ASKED = 16;

export class OpenStreams {
  #most: number;
  /** In the order in which they were used. */
  readonly #open = new Map<string, FileStream>();
  readonly #known = new Map<string, WeakRef<FileStream>>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#known.get(name)?.deref() === undefined) this.#known.delete(name);
  });
  #isClosing = false;

  constructor(most: number) {
    this.#most = most;
  }

  set most(most: number) {
    this.#most = most;
  }

  get open(): number {
    return this.#open.size;
  }

  get(name: string): FileStream | undefined {
    return this.#open.get(name) ?? this.#known.get(name)?.deref();
  }

  add(stream: FileStream): void {
    this.#known.set(stream.name, new WeakRef(stream));
    this.#gone.register(stream, stream.name);
    this.use(stream);
  }

  use(stream: FileStream): void {
    this.#open.delete(stream.name);
    this.#open.set(stream.name, stream);
    if (this.#open.size <= this.#most || this.#isClosing) return;
    this.#isClosing = true;
    // Whoever found one in this turn may use it until the turn ends.
    setImmediate(() => void this.#closeSome());
  }

  /** It has ended. */
  forget(stream: FileStream): void {
    if (this.get(stream.name) !== stream) return;
    this.#open.delete(stream.name);
    this.#known.delete(stream.name);
  }

  all(): readonly FileStream[] {
    return [...this.#open.values()];
  }

  async #closeSome(): Promise<void> {
    for (const stream of [...this.#open.values()].slice(0, ASKED)) {
      if (this.#open.size <= this.#most) break;
      // Not asked again before all others.
      this.#open.delete(stream.name);
      if (stream.isIdle) await stream.sleep();
      if (stream.isOpen && stream.state === 'live') this.#open.set(stream.name, stream);
    }
    this.#isClosing = false;
  }
}
