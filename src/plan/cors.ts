// What an answer says of who may read it: the CORS protocol (WHATWG Fetch). What is the same for all answers is among the
// common fields (rules/fields.ts).

import type { FieldList } from '../http/field-list.ts';
import type { PlanPolicy } from './policy.ts';

/** CORS by list: the origin is reflected where it is on it. (`Vary: Origin` is among the common fields.) */
export function originFields(
  origin: string | undefined,
  { cors }: Pick<PlanPolicy, 'cors'>,
): FieldList {
  return origin !== undefined && cors.includes(origin) && origin !== '*'
    ? ['Access-Control-Allow-Origin', origin]
    : [];
}

/** Of the answer to a preflight. */
export function preflightFields(methods: string, fields: string): FieldList {
  return [
    'Access-Control-Allow-Methods',
    methods,
    'Access-Control-Allow-Headers',
    fields,
    'Access-Control-Max-Age',
    '86400',
  ];
}
