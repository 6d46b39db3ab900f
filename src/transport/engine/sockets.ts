// The engine's listening sockets: made by the addon, owned by whoever asks for them.
import type { NativeEngine } from '../../addon/engine.ts';
import type { NativeAddon } from '../../addon/types.ts';
import type { Listener } from '../../rules/listeners.ts';
import type { Bound } from '../transport.ts';

/** By TCP, a socket for each thread: the kernel divides the clients among them. Throws an Error with `code`. */
export function listenWith(
  engine: NativeEngine,
  addon: NativeAddon,
  listener: Listener,
  shared: boolean,
): Bound {
  const { at, tls, proxyFrom } = listener;
  const descriptors = open(addon, listener, engine.threads, shared);
  try {
    const address = addon.adopt(descriptors[0] ?? -1);
    engine.listen(descriptors, tls, proxyFrom);
    return { address, descriptors, close: () => addon.closeSockets(descriptors) };
  } catch (error) {
    if (at.kind !== 'descriptors') addon.closeSockets(descriptors);
    throw error;
  }
}

function open(
  addon: NativeAddon,
  { at, ipv6Only }: Listener,
  threads: number,
  shared: boolean,
): readonly number[] {
  switch (at.kind) {
    case 'tcp':
      return addon.listen(at.host, at.port, ipv6Only, threads, shared);
    case 'unix':
      return addon.listenAt(at.path, at.mode ?? -1);
    case 'descriptors':
      return at.descriptors;
  }
}
