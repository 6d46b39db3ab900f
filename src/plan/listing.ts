// stub until the next commit
import type { RequestHead } from '../request.ts';
import type { FieldList, Resolution, ResponsePlan } from './types.ts';

export function planListing(
  _request: RequestHead,
  _listing: Extract<Resolution<never>, { readonly kind: 'listing' }>,
  _fields: FieldList,
): ResponsePlan<never> {
  return { status: 200, fields: [], body: { kind: 'none' }, close: false, memo: undefined };
}
