// Mounts that are let go of: apps are made and dropped, as by tests, and few of them call close().
import type { Site } from '../site/site.ts';

const abandoned = new FinalizationRegistry<Site>((site) => site.close());

/** Closes the site when nobody has `owner` any more, which the site itself must not have. */
export function closeWithOwner<T extends object>(owner: T, site: Site): T {
  abandoned.register(owner, site);
  return owner;
}
