// The fields of a file's answers, and whether they let it be encoded here.
import { isCompressible } from '../encode/compressible.ts';
import { type FieldList, pairs } from '../http/field-list.ts';
import { type RepresentationInput, representationFields } from '../plan/fields.ts';
import type { Representation } from '../plan/types.ts';
import type { Rules } from '../rules/fields.ts';

export interface FileFields
  extends Pick<Representation, 'fields' | 'contentFields' | 'digestFields' | 'early'> {
  /** Would an encoded form of it be smaller, and may one be made? */
  readonly encodable: boolean;
}

/** `compress`: are files encoded here? Then their answers vary before there is another form, too. */
export function fileFields(
  input: RepresentationInput,
  rules: Rules,
  compress: boolean,
): FileFields {
  const lists = representationFields(input, rules);
  const { fields, contentFields } = lists;
  const encodable =
    compress && input.coding === 'identity' && isEncodable([...fields, ...contentFields]);
  if (!encodable || input.varies) return { ...lists, encodable };
  return { ...lists, fields: [...fields, 'Vary', 'Accept-Encoding'], encodable };
}

/** Does content with these fields get smaller, unless a rule says that it is encoded, or to stay as it is? */
function isEncodable(fields: FieldList): boolean {
  let compressible = false;
  for (const [name, value] of pairs(fields)) {
    switch (name.toLowerCase()) {
      case 'content-type':
        compressible = isCompressible(value);
        break;
      case 'content-encoding':
        return false;
      // RFC 9111 §5.2.2.6
      case 'cache-control':
        if (/\bno-transform\b/i.test(value)) return false;
        break;
    }
  }
  return compressible;
}
