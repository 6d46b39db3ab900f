// Which transport serves, and why: from what was asked for and what loads on this machine.
import type { Native, NativeAddon } from '../native.ts';
import type { StrategyLimits } from '../plan/types.ts';
import type { TransportName } from './transport.ts';
import type { Uws, UwsLibrary } from './uws-library.ts';

export interface Wanted {
  readonly transport: 'auto' | TransportName;
  readonly tls: boolean;
}

/** A transport that can run here, with the library that it runs on. */
export type Chosen = {
  /** One line: why this one, or why not a better one. */
  readonly reason: string;
  readonly carrier: StrategyLimits['carrier'];
  /** A better one was to be had and does not load: worth a line in the log. */
  readonly fallback: boolean;
} & (
  | { readonly name: 'native'; readonly addon: NativeAddon }
  | { readonly name: 'uws'; readonly library: UwsLibrary }
  | { readonly name: 'http1' }
);

/** Throws an Error where the transport that was asked for by name cannot run. */
export async function chooseTransport(
  { transport, tls }: Wanted,
  native: Native,
  loadUws: () => Promise<Uws>,
): Promise<Chosen> {
  switch (transport) {
    case 'auto':
      return tls ? chooseTls(await loadUws()) : choosePlain(native);
    case 'native':
      if (native.addon === undefined) throw unavailable('native', native.reason);
      return onEngine(native.addon, 'asked for');
    case 'uws': {
      const uws = await loadUws();
      if (uws.library === undefined) throw unavailable('uws', uws.reason);
      return onUws(uws.library, tls, 'asked for');
    }
    case 'http1':
      return onNode(tls, native, 'asked for', false);
  }
}

/**
 * What serves instead, where the engine has loaded and cannot start. Throws an Error where it was asked for by
 * name, and the cause where that is something else than the system's lack of room.
 */
export function chooseWithoutEngine({ transport }: Wanted, native: Native, cause: unknown): Chosen {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code !== 'string') throw cause;
  const reason = `the system has no room for an engine thread (${code})`;
  if (transport === 'native') throw unavailable('native', reason);
  return onNode(false, native, reason, true);
}

function choosePlain(native: Native): Chosen {
  return native.addon === undefined
    ? onNode(false, native, native.reason, true)
    : onEngine(native.addon, 'native engine');
}

function chooseTls(uws: Uws): Chosen {
  return uws.library === undefined
    ? { name: 'http1', carrier: 'tls', reason: `TLS by node:https: ${uws.reason}`, fallback: true }
    : onUws(uws.library, true, 'TLS');
}

function onEngine(addon: NativeAddon, reason: string): Chosen {
  return { name: 'native', addon, carrier: 'full', reason, fallback: false };
}

function onUws(library: UwsLibrary, tls: boolean, reason: string): Chosen {
  return { name: 'uws', library, carrier: tls ? 'tls' : 'memory', reason, fallback: false };
}

function onNode(tls: boolean, native: Native, reason: string, fallback: boolean): Chosen {
  const plain = native.addon === undefined ? 'none' : 'full';
  return { name: 'http1', carrier: tls ? 'tls' : plain, reason, fallback };
}

function unavailable(name: TransportName, reason: string): Error {
  return new Error(`transport ${name} is not available here: ${reason}`);
}
