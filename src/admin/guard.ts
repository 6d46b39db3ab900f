// Who may ask the admin listener. It tells and changes nothing, but what it tells is not for every page that a browser shows.
import { hostOf, isAuthority, isLoopback } from '../http/authority.ts';

/** Where the listener is: what the operator has said, and what that means. */
export interface Bound {
  readonly host: string;
  readonly address: string;
}

/**
 * Does this Host field name the listener? A page of somebody else's may let its name point to 127.0.0.1 and read what
 * answers there (DNS rebinding), and its browser still sends that name. Where other machines reach the listener, by names
 * that we cannot know, there is nothing to rebind.
 */
export function isAddressedTo({ host, address }: Bound, field: string | undefined): boolean {
  // Absent in HTTP/1.0, which no browser speaks.
  if (field === undefined || !isLoopback(address)) return true;
  if (!isAuthority(field)) return false;
  const asked = hostOf(field).toLowerCase();
  return isLoopback(asked) || asked === host.toLowerCase();
}
