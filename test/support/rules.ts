// The operator's rules for fields, where there are none.
import type { RulesConfig } from '../../src/rules/fields.ts';

export const NO_RULES: RulesConfig = {
  headers: {},
  cacheControl: {},
  defaultCacheControl: undefined,
  root: '/srv/site',
  immutableHashed: false,
  securityHeaders: false,
  cors: [],
};
