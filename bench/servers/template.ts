// Fills in the configuration templates of the servers that are configured by a file.
import { readFileSync, writeFileSync } from 'node:fs';

/** Writes a template with every `@NAME@` replaced. Throws on a name without a value. */
export function writeConfig(
  template: URL,
  target: string,
  values: Readonly<Record<string, string | number>>,
): string {
  const text = readFileSync(template, 'utf8').replace(/@([A-Z_]+)@/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template.pathname}: no value for ${whole}`);
    return `${value}`;
  });
  writeFileSync(target, text);
  return target;
}
