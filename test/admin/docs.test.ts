// The page that names every metric, and the dashboard that shows them. UPDATE_DOCS=1 writes the table.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { METRICS } from '../../src/admin/metrics.ts';
import { request } from '../support/client.ts';
import { parsePrometheus } from '../support/prometheus.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const PAGE = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));
const DASHBOARD = fileURLToPath(new URL('../../examples/deploy/grafana.json', import.meta.url));

/** Between the note and the paragraph behind the table. */
const TABLE = /(?<=UPDATE_DOCS=1\. -->\n\n)[\s\S]*?(?=And of the process)/;

function metricsTable(): string {
  const rows = METRICS.map(({ name, type, labels, help }) => {
    const named = labels.filter((label) => label !== 'le').map((label) => `\`${label}\``);
    return `| \`${name}\` | ${type} | ${named.join(', ')} | ${help} |\n`;
  });
  return `| Metric | Type | Labels | What it says |\n| --- | --- | --- | --- |\n${rows.join('')}\n`;
}

const server = await startServer(t, { root: makeTree(t, { a: 'abc' }), admin: 0 });
await (await fetch(`${server.url}/a`)).text();
const { body } = await request({ port: Number(new URL(server.admin ?? '').port) }, '/metrics');
const families = parsePrometheus(String(body));

t.test('docs/metrics.md has the table of the code', async (t) => {
  const page = readFileSync(PAGE, 'utf8');
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, page.replace(TABLE, metricsTable()));
  t.equal(TABLE.exec(readFileSync(PAGE, 'utf8'))?.[0], metricsTable());
});

t.test('what is printed is what the table says', async (t) => {
  const ours = [...families].filter(([name]) => name.startsWith('zcserve_'));
  t.same(
    ours.map(([name, { type, help }]) => [name, type, help]),
    METRICS.map(({ name, type, help }) => [name, type, help]),
  );
  for (const { name, labels } of METRICS) {
    for (const sample of families.get(name)?.samples ?? []) {
      const known = /_(?:sum|count)$/.test(sample.name) ? [] : labels;
      if (sample.name === name || known.length > 0) t.same(Object.keys(sample.labels), known, name);
    }
  }
});

t.test('names follow the conventions of Prometheus', async (t) => {
  for (const { name, type } of METRICS) {
    t.match(name, /^zcserve_[a-z0-9]+(?:_[a-z0-9]+)*$/);
    t.equal(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') t.match(name, /_(?:seconds|bytes)$/);
  }
});

t.test('the dashboard names only what is printed, and shows all that can go wrong', async (t) => {
  const dashboard = readFileSync(DASHBOARD, 'utf8');
  const { panels } = JSON.parse(dashboard) as {
    panels: ReadonlyArray<{
      readonly id: number;
      readonly title: string;
      readonly targets: ReadonlyArray<{ readonly expr: string }>;
    }>;
  };
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, targets } of panels) {
    t.ok(targets.length > 0, title);
    for (const { expr } of targets) {
      const names = expr.match(/\b(?:zcserve|process|nodejs)_\w+/g) ?? [];
      t.ok(names.length > 0, expr);
      for (const name of names)
        t.ok(families.has(name.replace(/_bucket$/, '')), `${title}: ${name}`);
    }
  }
  for (const name of ['cut', 'timeouts', 'rejected', 'refused', 'unfinished', 'dropped']) {
    const metrics = METRICS.filter((metric) => metric.name.split('_').includes(name));
    t.equal(metrics.length, 1, name);
    for (const metric of metrics) t.ok(dashboard.includes(metric.name), metric.name);
  }
});
