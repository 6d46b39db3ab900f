// The library's servers, which keep their sockets: who answers their requests may change, and nobody notices.
import type { BoundAddress } from '../transport.ts';
import type { UwsApp, UwsLibrary, UwsRequest, UwsResponse } from './library.ts';

/** Who answers. */
export interface UwsService {
  accepted(): void;
  receive(res: UwsResponse, req: UwsRequest, secure: boolean): void;
}

/** A listener of the library's. */
export interface UwsListening {
  /** Closes it. */
  readonly token: unknown;
  readonly address: BoundAddress;
}

export class UwsApps {
  readonly secure: UwsApp | undefined;
  readonly plain: UwsApp;
  readonly #library: UwsLibrary;
  readonly #listening = new Set<unknown>();
  #service: UwsService | undefined;
  #before: UwsService | undefined;
  #connections = 0;

  constructor(library: UwsLibrary, secure: UwsApp | undefined) {
    this.#library = library;
    this.secure = secure;
    this.plain = library.App();
    const countConnections = (_res: UwsResponse, change: number) => {
      this.#connections += change;
      if (change > 0) this.#service?.accepted();
    };
    for (const app of this.#all()) {
      app.filter(countConnections);
      app.any('/*', (res, req) => this.#service?.receive(res, req, app === secure));
    }
  }

  /** Of this moment. */
  get connections(): number {
    return this.#connections;
  }

  isAnsweredBy(service: UwsService): boolean {
    return this.#service === service;
  }

  /** From now on, in the place of whoever does. */
  answerBy(service: UwsService): void {
    if (this.#service === service) return;
    this.#before = this.#service;
    this.#service = service;
  }

  /** By the one before again, if it is this one who answers. */
  giveBack(service: UwsService): void {
    if (this.#service === service && this.#before !== undefined) this.#service = this.#before;
    this.#before = undefined;
  }

  /** Returns how to stop, at once, and once. */
  own({ token }: UwsListening): () => void {
    this.#listening.add(token);
    return () => {
      if (this.#listening.delete(token)) this.#library.us_listen_socket_close(token);
    };
  }

  stopListening(): void {
    for (const token of this.#listening) this.#library.us_listen_socket_close(token);
    this.#listening.clear();
  }

  /** Closes every connection. */
  close(): void {
    for (const app of this.#all()) app.close();
  }

  #all(): readonly UwsApp[] {
    return this.secure ? [this.secure, this.plain] : [this.plain];
  }
}
