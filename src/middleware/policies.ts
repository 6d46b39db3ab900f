// From the middleware's settings to a site's policies.
import { policiesOf } from '../site/policies.ts';
import type { SiteOptions } from '../site/site.ts';
import type { MiddlewareSettings } from './options.ts';

/** Throws an OptionError that names the rule which does not hold. */
export function mountPolicies({
  options,
  acceptRanges,
}: MiddlewareSettings): Omit<SiteOptions, 'routed' | 'addon' | 'log'> {
  const policies = policiesOf(options);
  // serve-static's `acceptRanges: false` says nothing of ranges, where our `maxRanges: 0` says that there are none.
  return acceptRanges
    ? policies
    : { ...policies, plan: { ...policies.plan, acceptRanges: undefined } };
}
