// Metrics as text by prom-client, ours and those of the process, in the form that whoever scrapes asks for.
import type { Metric as PromMetric, Registry, RegistryContentType } from 'prom-client';
import { loadPromClient } from '../packages/packages.ts';
import type { Metric } from './metric.ts';
import { METRICS } from './metrics.ts';
import type { Snapshot } from './observed.ts';

export interface Exposition {
  readonly type: string;
  readonly text: string;
}

let processMetrics: Registry | undefined;

/** prom-client's own: `process_…` and `nodejs_…`. Once for the process: what they watch cannot be let go. */
function metricsOfProcess(): Registry {
  if (processMetrics !== undefined) return processMetrics;
  const { collectDefaultMetrics, Registry } = loadPromClient();
  processMetrics = new Registry();
  collectDefaultMetrics({ register: processMetrics });
  return processMetrics;
}

/** `accept`: the field of the request. */
export async function expose(now: Snapshot, accept: string | undefined): Promise<Exposition> {
  const { Registry } = loadPromClient();
  const isOpen = prefersOpenMetrics(accept);
  // Of its own: a registry changes the names of what it has for OpenMetrics, for good.
  const registry: Registry<RegistryContentType> = new Registry();
  if (isOpen) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const metric of METRICS) registry.registerMetric(asPrometheus(metric, now, isOpen));
  for (const metric of metricsOfProcess().getMetricsAsArray()) {
    registry.registerMetric(renamed(metric as unknown as PromMetric, isOpen));
  }
  return { type: registry.contentType, text: await registry.metrics() };
}

/** What a registry asks of a metric. */
interface Readable {
  readonly name: string;
  readonly type: string;
  get(): Promise<object>;
}

function asPrometheus(metric: Metric, now: Snapshot, isOpen: boolean): PromMetric {
  const { type, help } = metric;
  const name = familyOf(metric.name, type, isOpen);
  const values = metric
    .read(now)
    .map(({ suffix, labels, value }) =>
      suffix === undefined ? { labels, value } : { labels, value, metricName: name + suffix },
    );
  const readable: Readable = { name, type, get: async () => ({ name, type, help, values }) };
  return readable as unknown as PromMetric;
}

function renamed(metric: PromMetric, isOpen: boolean): PromMetric {
  const { name: full, type } = metric as unknown as Readable;
  const name = familyOf(full, type, isOpen);
  const readable: Readable = { name, type, get: async () => ({ ...(await metric.get()), name }) };
  return readable as unknown as PromMetric;
}

/** OpenMetrics names a counter without `_total`, and its samples with it; the registry appends that. */
function familyOf(name: string, type: string, isOpen: boolean): string {
  return isOpen && type === 'counter' ? name.replace(/_total$/, '') : name;
}

/** Only who names it gets it, where he likes the older form no better (RFC 9110 §12.5.1). */
export function prefersOpenMetrics(accept = ''): boolean {
  const weightOf = (type: string) =>
    Math.max(
      0,
      ...accept
        .toLowerCase()
        .split(',')
        .map((range) => range.split(';').map((part) => part.trim()))
        .filter(([name]) => name === type)
        .map((range) => Number(range.find((part) => part.startsWith('q='))?.slice(2) ?? 1)),
    );
  const open = weightOf('application/openmetrics-text');
  return open > 0 && open >= weightOf('text/plain');
}
