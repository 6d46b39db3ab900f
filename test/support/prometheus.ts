// The text format of Prometheus, read strictly: each sample belongs to a family that was described before it.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export type Families = ReadonlyMap<string, Family>;

const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** Throws where a line is wrong, a family is described twice, or a sample comes twice. */
export function parsePrometheus(text: string): Families {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let last = '';
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const described = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (described !== null) {
      const [, what, name = '', words = ''] = described;
      const known = families.get(name) ?? { type: '', help: '', samples: [] };
      if (what === 'HELP' ? known.help !== '' : known.type !== '')
        throw new Error(`twice: ${line}`);
      families.set(name, { ...known, [what === 'HELP' ? 'help' : 'type']: words });
      last = name;
      continue;
    }
    const sample = readSample(line);
    const family = families.get(last);
    const suffix = sample.name.slice(last.length);
    if (family === undefined || !sample.name.startsWith(last)) throw new Error(`alone: ${line}`);
    if (!SUFFIXES[family.type]?.includes(suffix)) throw new Error(`${family.type}: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`twice: ${line}`);
    seen.add(key);
    family.samples.push(sample);
  }
  return families;
}

function readSample(line: string): Sample {
  const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (parts === null) throw new Error(`no sample: ${line}`);
  const [, name = '', labels = '', value = ''] = parts;
  const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g)];
  if (pairs.map(([pair]) => pair).join('') !== labels) throw new Error(`labels: ${line}`);
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (Number.isNaN(number) && value !== 'NaN' && value !== 'Nan') throw new Error(`value: ${line}`);
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
    value: number,
  };
}

/** The values of a family by its labels' values, joined by a space. */
export function valuesOf(families: Families, name: string): Readonly<Record<string, number>> {
  const samples = families.get(name)?.samples ?? [];
  return Object.fromEntries(
    samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );
}

/** The sum of a family's samples; of a histogram, of those with this suffix. */
export function totalOf(families: Families, name: string, suffix = ''): number {
  const samples = families.get(name)?.samples ?? [];
  return samples
    .filter((sample) => sample.name === name + suffix)
    .reduce((sum, { value }) => sum + value, 0);
}
