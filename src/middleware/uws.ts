// zcserve inside somebody else's uWebSockets.js app.

import type { TableStats } from '../files/table.ts';
import { createLog } from '../log/log.ts';
import { limitsOf } from '../site/policies.ts';
import { createSite } from '../site/site.ts';
import { Counters } from '../transport/counters.ts';
import { Takers } from '../transport/taker.ts';
import type { TransportStats } from '../transport/transport.ts';
import type { UwsRequest, UwsResponse } from '../transport/uws/library.ts';
import { handleUws, type UwsPolicy } from '../transport/uws/uws.ts';
import { addonFor } from './addon.ts';
import { type FileOptions, readFileOptions } from './options.ts';
import { closeWithOwner } from './owner.ts';
import { mountPolicies } from './policies.ts';
import { withSinglePage } from './single-page.ts';

export interface UwsHandler {
  /** Answers every request: `app.any('/*', handler)`. */
  (res: UwsResponse, req: UwsRequest): void;
  stats(): TransportStats & { readonly files: TableStats };
  /** Closes every file that nobody is sending. */
  close(): void;
}

/** Serves the files below `root` on an App or an SSLApp. Throws as `zcserve` does. */
export function uwsHandler(root: string, input: FileOptions = {}): UwsHandler {
  const settings = readFileOptions(root, input);
  const { options, single, ignores } = settings;
  const log = createLog({ level: options.logLevel, format: options.logFormat });
  const addon = addonFor(log);
  const site = createSite({ ...mountPolicies(settings), routed: true, addon, log });
  const counters = new Counters();
  const takers = new Takers();
  const policy: UwsPolicy = {
    handler: withSinglePage(site.handler, single, ignores),
    reach: addon ? 'memory' : 'none',
    outlet: { counters, log, takers, serverTiming: options.serverTiming },
    common: site.common,
    maxDrain: limitsOf(options).maxDrain,
    closing: false,
    refusal: undefined,
    takesContent: false,
  };
  const handle = (res: UwsResponse, req: UwsRequest) => {
    counters.planned++;
    handleUws(res, req, policy, () => {});
  };
  const owner = Object.assign(handle, {
    stats: () => ({ ...counters.snapshot(), files: site.table.stats() }),
    close() {
      takers.end();
      site.close();
    },
  });
  return closeWithOwner(owner, site);
}
