// Kubernetes' own schemas for manifests, and what they let pass: fields that are none.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

type Validate = ((data: unknown) => boolean) & { readonly errors?: ReadonlyArray<object> | null };

/** Where the schema of a kind is, among those of all versions. */
const SCHEMAS: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'CoreV1ConfigMap',
  'v1/Service': 'CoreV1Service',
  'apps/v1/Deployment': 'AppsV1Deployment',
  'autoscaling/v2/HorizontalPodAutoscaler': 'AutoscalingV2HorizontalPodAutoscaler',
  'policy/v1/PodDisruptionBudget': 'PolicyV1PodDisruptionBudget',
};

const load = createRequire(import.meta.url);
/** Its classes make copies, of which nothing could be seen. */
const FOLDER = join(dirname(load.resolve('kubernetes-models')), '_schemas');

/** What is wrong with a manifest; a field that the schema never looks at is one that Kubernetes does not have. */
export function faultsOf(manifest: {
  readonly apiVersion: string;
  readonly kind: string;
}): string[] {
  const schema = SCHEMAS[`${manifest.apiVersion}/${manifest.kind}`];
  if (schema === undefined) return [`no schema for ${manifest.apiVersion}/${manifest.kind}`];
  const { validate } = load(join(FOLDER, `IoK8sApi${schema}.js`)) as {
    readonly validate: Validate;
  };
  const read = new Set<string>();
  if (!validate(watched(manifest, '', read)))
    return (validate.errors ?? []).map((e) => JSON.stringify(e));
  return pathsOf(manifest, '').filter((path) => !read.has(path));
}

/** The same value, which notes what is read of it. */
function watched(value: unknown, at: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof name === 'symbol' || !Object.hasOwn(target, name)) return found;
      read.add(`${at}/${name}`);
      return watched(found, `${at}/${name}`, read);
    },
  });
}

function pathsOf(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => [
    `${at}/${name}`,
    ...pathsOf(child, `${at}/${name}`),
  ]);
}
