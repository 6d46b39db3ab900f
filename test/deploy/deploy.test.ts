// examples/deploy: what the programs and schemas that it is for say of each file, and that our options exist.
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { validate } from 'dockerfile-utils';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { gatherOptions } from '../../src/command/config.ts';
import { makeTree } from '../support/tree.ts';
import { faultsOf } from './manifests.ts';

const FOLDER = fileURLToPath(new URL('../../examples/deploy/', import.meta.url));
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8');
const missing = (program: string, argument = '--version') =>
  spawnSync(program, [argument]).status === 0 ? false : `no ${program} here`;

/** Throws where a name or a value is wrong. */
function resolveConfig(text: string): void {
  const file = join(makeTree(t, { 'zc.json': text }), 'zc.json');
  t.same(gatherOptions({ config: file }, {}).warnings, []);
}

t.test(
  'systemd takes the units as they are, and finds them closed',
  { skip: missing('systemd-analyze') },
  async (t) => {
    const units = readdirSync(FOLDER).filter((name) => /\.(service|socket)$/.test(name));
    t.same(units, ['zcserve.service', 'zcserve.socket']);
    const folder = makeTree(t);
    for (const name of units) {
      // Its program has to be there.
      writeFileSync(
        join(folder, name),
        read(name).replace('=/usr/bin/node ', `=${process.execPath} `),
      );
    }
    const analyze = (...args: readonly string[]) =>
      spawnSync('systemd-analyze', args, { cwd: folder, encoding: 'utf8' });
    const files = units.map((name) => `./${name}`);
    t.match(analyze('verify', ...files), { status: 0, stderr: '' });
    const [service = ''] = files;
    // Of 100, where 100 is a service without a word of it.
    const closed = analyze('security', '--offline=true', '--threshold=15', service);
    t.equal(closed.status, 0, closed.stdout.split('\n').at(-2) ?? '');
    const open = join(folder, 'open.service');
    writeFileSync(open, '[Service]\nExecStart=/bin/true\n');
    t.not(analyze('security', '--offline=true', '--threshold=15', open).status, 0, 'it does tell');
  },
);

t.test(
  'logrotate renames the log, makes another and sends USR1',
  { skip: missing('logrotate') },
  async (t) => {
    const folder = makeTree(t, { 'access.log': 'a line\n', 'zcserve.pid': `${process.pid}\n` });
    const { username, gid } = userInfo();
    const group = /^([^:]+):[^:]*:(\d+):/gm;
    const groups = [...readFileSync('/etc/group', 'utf8').matchAll(group)];
    const name = groups.find(([, , id]) => Number(id) === gid)?.[1] ?? '';
    const rules = read('zcserve.logrotate')
      .replaceAll('/var/log/zcserve', folder)
      .replaceAll('/run/zcserve', folder)
      .replaceAll('zcserve zcserve', `${username} ${name}`);
    t.notMatch(rules, /\/var|\/run\//);
    const file = join(folder, 'rules');
    writeFileSync(file, rules);
    chmodSync(file, 0o644);
    const signalled = once(process, 'SIGUSR1');
    await promisify(execFile)('logrotate', ['--force', '--state', join(folder, 'state'), file]);
    await signalled;
    t.equal(readFileSync(join(folder, 'access.log.1'), 'utf8'), 'a line\n');
    t.equal(readFileSync(join(folder, 'access.log'), 'utf8'), '');
  },
);

t.test('the configuration is of options that exist', async () => {
  resolveConfig(read('zcserve.json'));
});

const dockerfile = read('Dockerfile');

/** The JSON list of an instruction that begins a line so. */
function listOf(start: string): string[] {
  return JSON.parse(new RegExp(`^${start} (.*)$`, 'm').exec(dockerfile)?.[1] ?? '[]');
}

t.test('the Dockerfile has no fault; its last stage runs as nobody special', async (t) => {
  t.same(validate(dockerfile), []);
  t.ok(validate('FROM a\nCMD ["a"]\nCMD ["b"]\nFORM b\n').length > 0, 'faults are found');
  const last = dockerfile.split(/^FROM /m).at(-1) ?? '';
  t.match(last, /^USER node$/m);
  for (const [, image] of dockerfile.matchAll(/^FROM (\S+)/gm)) {
    t.match(image, /^node:\d+-\w+-slim$/);
  }
  const [program, file, ...args] = [...listOf('ENTRYPOINT'), ...listOf('CMD')];
  t.same([program, file], ['node', 'node_modules/zcserve/dist/cli.js']);
  const given = args.slice(1).map((arg) => arg.slice(2).split('='));
  const flags = Object.fromEntries(given);
  t.same(gatherOptions({ ...flags, root: args[0] }, {}).warnings, []);
});

t.test('its health check asks, and tells what it was told', async (t) => {
  let status = 200;
  const health = createServer(({ url }, res) => {
    res.writeHead(url === '/healthz' ? status : 404).end();
  }).listen(0, '127.0.0.1');
  t.teardown(() => health.close());
  await once(health, 'listening');
  const { port } = health.address() as AddressInfo;
  const [program = '', ...args] = listOf('    CMD');
  t.equal(program, 'node');
  const check = () => {
    const own = args.map((arg) => arg.replace('127.0.0.1:9090', `127.0.0.1:${port}`));
    return promisify(execFile)(process.execPath, own).then(
      () => 0,
      ({ code }) => code,
    );
  };
  t.equal(await check(), 0);
  status = 503;
  t.equal(await check(), 1);
  health.close();
  health.closeAllConnections();
  t.equal(await check(), 1, 'and where nobody is');
});

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: the schema says what is there
  readonly [field: string]: any;
}

t.test('the manifests are Kubernetes’s, to the last field, and mean one another', async (t) => {
  const manifests = parseAllDocuments(read('kubernetes.yaml')).map((doc) => {
    t.same(doc.errors, []);
    return doc.toJS() as Manifest;
  });
  for (const manifest of manifests) t.same(faultsOf(manifest), [], manifest.kind);
  const of = (kind: string) => manifests.find((each) => each.kind === kind) as Manifest;
  const deployment = of('Deployment');
  const wrong: Manifest = { ...deployment, spec: { ...deployment.spec, replicas: 'x' } };
  t.match(faultsOf(wrong), [/replicas.*integer/]);
  const typo: Manifest = { ...deployment, spec: { ...deployment.spec, stategy: {} } };
  t.same(faultsOf(typo), ['/spec/stategy'], 'a field that is none is found');

  const { template, selector } = deployment.spec;
  const { labels } = template.metadata;
  const [container] = template.spec.containers;
  t.same(selector.matchLabels, labels);
  t.same(of('Service').spec.selector, labels);
  t.same(of('PodDisruptionBudget').spec.selector.matchLabels, labels);
  t.match(of('HorizontalPodAutoscaler').spec.scaleTargetRef, {
    kind: 'Deployment',
    name: deployment.metadata.name,
  });
  const ports = container.ports.map((port: { name: string }) => port.name);
  for (const { targetPort } of of('Service').spec.ports) t.ok(ports.includes(targetPort));
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    t.ok(ports.includes(container[probe].httpGet.port), probe);
  }
  const [{ name, mountPath }] = container.volumeMounts;
  const volume = template.spec.volumes.find((each: { name: string }) => each.name === name);
  const config = of('ConfigMap');
  t.equal(volume.configMap.name, config.metadata.name);
  t.same(container.args, [`--config=${mountPath}/zcserve.json`]);
  const options = JSON.parse(config.data['zcserve.json']);
  const numbers = container.ports.map((port: { containerPort: number }) => port.containerPort);
  t.same(numbers, [options.port, Number(options.admin.split(':').at(-1))]);
  resolveConfig(config.data['zcserve.json']);
});
