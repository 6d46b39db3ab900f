// Fields as a flat list, and what is done with such lists.

/** Name, value, name, value… (the form node:http takes as is). */
export type FieldList = readonly string[];

/** The list as pairs. */
export function pairs(fields: FieldList): ReadonlyArray<readonly [name: string, value: string]> {
  const result: Array<readonly [string, string]> = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    result.push([fields[at] ?? '', fields[at + 1] ?? '']);
  }
  return result;
}

/** The list without some fields; `names` in lower case. */
export function without(fields: FieldList, names: ReadonlySet<string>): FieldList {
  return pairs(fields)
    .filter(([name]) => !names.has(name.toLowerCase()))
    .flat();
}

/** Field lines, each with its CRLF. RFC 9112 §5. */
export function fieldLines(fields: FieldList): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) lines += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return lines;
}
