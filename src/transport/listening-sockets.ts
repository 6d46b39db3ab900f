// Listening sockets of a carrier: made by the addon, owned by whoever asks for them.
import type { NativeAddon } from '../addon/types.ts';
import type { Listener } from '../rules/listeners.ts';
import type { Bound } from './transport.ts';

/**
 * Binds what a listener names, by TCP `count` sockets of one port, and has `take` take clients from it, by duplicates. Rejects
 * with an Error that has `code`, and has closed what it has made.
 */
export async function bindBy(
  addon: NativeAddon,
  listener: Listener,
  { count, shared }: { readonly count: number; readonly shared: boolean },
  take: (descriptors: readonly number[]) => void | Promise<void>,
): Promise<Bound> {
  const descriptors = open(addon, listener, count, shared);
  const close = () => addon.closeSockets(descriptors);
  try {
    const address = addon.adopt(descriptors[0] ?? -1);
    await take(descriptors);
    return { address, descriptors, close };
  } catch (error) {
    if (listener.at.kind !== 'descriptors') close();
    throw error;
  }
}

function open(
  addon: NativeAddon,
  { at, ipv6Only }: Listener,
  count: number,
  shared: boolean,
): readonly number[] {
  switch (at.kind) {
    case 'tcp':
      return addon.listen(at.host, at.port, ipv6Only, count, shared);
    case 'unix':
      return addon.listenAt(at.path, at.mode ?? -1);
    case 'descriptors':
      return at.descriptors;
  }
}
