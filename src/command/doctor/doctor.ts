// `zcserve doctor`: what would be used here and why; sendfile and mmap are tried, not guessed.
import { statSync } from 'node:fs';
import { release } from 'node:os';
import { resolve } from 'node:path';
import { loadNative, type Native } from '../../addon/load.ts';
import { openRoot } from '../../files/open.ts';
import type { Root } from '../../files/root.ts';
import { mmapMaxOf } from '../../options/mmap-max.ts';
import { hostsOf, type Options } from '../../options/options.ts';
import { type Chosen, chooseTransport } from '../../server/choose.ts';
import { cannotServe } from '../../server/problems.ts';
import { readTls } from '../../server/tls.ts';
import { loadUws } from '../../transport/uws/library.ts';
import { type Finding, finding, messageOf } from './finding.ts';
import {
  descriptorLimit,
  fileSystemOf,
  interfaces,
  listenBacklog,
  lowPort,
  privileges,
} from './machine.ts';
import { lockedMemory, pageCache } from './residency.ts';
import { openssl, tryTls, untriedTls } from './tls.ts';
import { findSample, tryStrategy } from './trial.ts';

export async function printDiagnosis(options: Options, json: boolean): Promise<void> {
  const findings = await diagnose(options);
  if (json) {
    console.log(JSON.stringify(findings));
    return;
  }
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  for (const { subject, good, text } of findings) {
    const mark = good === undefined ? ' ' : good ? '✓' : '✗';
    console.log(`${mark} ${subject.padEnd(width)}  ${text}`);
  }
}

/** Looks at everything that decides how a server with these options would send. Rejects where the root cannot be opened. */
export async function diagnose(options: Options): Promise<Finding[]> {
  const native = loadNative();
  return [
    finding('system', undefined, `Node ${process.versions.node}, ${process.platform} ${release()}`),
    engine(native),
    ...features(native),
    landlock(native),
    privileges(),
    ...lowPort(options.port),
    openssl(native),
    await transport(options, native, false),
    await transport(options, native, true),
    await uws(),
    ...(await https(options, native)),
    ...(await root(options, native)),
    ...hosts(options),
    thresholds(options),
    lockedMemory(options, native),
    ...interfaces(),
    descriptorLimit(),
    listenBacklog(),
  ];
}

function hosts(options: Options): Finding[] {
  return hostsOf(options).map(({ names, options: { root } }) => {
    const isThere = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true;
    return finding(
      'host',
      isThere,
      `${names.join(', ')}: ${root}${isThere ? '' : ' is no directory'}`,
    );
  });
}

function engine(native: Native): Finding {
  return native.addon === undefined
    ? finding('native engine', false, native.reason)
    : finding('native engine', true, native.file);
}

const FEATURES = {
  openat2: 'opens are confined by the kernel (RESOLVE_BENEATH)',
  memfdSeal: 'cached files are sealed copies',
} as const;

function features({ addon }: Native): Finding[] {
  const present = addon?.features();
  return Object.entries(FEATURES).map(([name, use]) => {
    const good = present?.[name as keyof typeof FEATURES] === true;
    return finding(name, good, good ? use : present ? 'not in this kernel' : 'needs the engine');
  });
}

/** What a sandbox confines: landlock(7), by version. */
const CONFINED = [
  [1, 'files'],
  [4, 'TCP ports'],
  [6, 'signals'],
] as const;

function landlock({ addon }: Native): Finding {
  const abi = addon?.features().landlock ?? 0;
  if (abi === 0) {
    return finding(
      'landlock',
      false,
      addon ? 'not in this kernel: no --sandbox' : 'needs the engine',
    );
  }
  const confined = CONFINED.filter(([since]) => abi >= since).map(([, what]) => what);
  return finding('landlock', true, `ABI ${abi}: --sandbox confines ${confined.join(', ')}`);
}

async function transport(options: Options, native: Native, tls: boolean): Promise<Finding> {
  const subject = `transport ${tls ? 'https' : 'http'}`;
  try {
    const { name, reason, fallback } = await choose(options, native, tls);
    return finding(subject, !fallback, `${name}: ${reason}`);
  } catch (error) {
    return finding(subject, false, messageOf(error));
  }
}

function choose({ transport, h2c }: Options, native: Native, tls: boolean): Promise<Chosen> {
  return chooseTransport({ transport, tls, plain: !tls, h2c: h2c && !tls }, native, loadUws);
}

async function uws(): Promise<Finding> {
  const found = await loadUws();
  const subject = 'uWebSockets.js';
  if (found.library === undefined) {
    return finding(subject, found.installed ? false : undefined, found.reason);
  }
  return finding(subject, true, `${found.version} loads and passes its self-test`);
}

/** A certificate that is no good is told instead of what would be spoken with it. */
async function https(options: Options, native: Native): Promise<Finding[]> {
  const certificates = certificatesOf(options);
  if (certificates.some(({ good }) => good === false)) return certificates;
  if (certificates.length > 0) return [...certificates, ...(await tryTls(options))];
  const chosen = await choose(options, native, true).catch(() => undefined);
  return chosen === undefined ? [] : [untriedTls(options, chosen)];
}

function certificatesOf(options: Options): Finding[] {
  const subject = 'certificate';
  try {
    const { certificates = [], hosts = [] } = readTls(options) ?? {};
    return [...certificates, ...hosts.flatMap((host) => host.certificates)].map(
      ({ certFile, keyFile, keyType, names }) =>
        finding(
          subject,
          true,
          `${certFile}, and ${keyFile} is its key (${keyType}); for ${names.join(', ') || 'no name'}`,
        ),
    );
  } catch (error) {
    return [finding(subject, false, messageOf(error))];
  }
}

async function root(options: Options, native: Native): Promise<Finding[]> {
  const path = resolve(options.root);
  const opened = openRootOf(path, options, native);
  try {
    const kind = fileSystemOf(path);
    // Before the trials, which read.
    const cached = await pageCache(opened, options, native);
    const sample = findSample(path);
    if (sample === undefined) {
      return [
        finding('root', undefined, `${path} on ${kind}: no file in it to try sendfile and mmap on`),
        cached,
      ];
    }
    const [found] = await opened.open([sample]);
    const trusted = found?.type === 'file' && found.trusted;
    if (found?.type === 'file') found.file.close();
    const trust = trusted ? 'trusted for sendfile and mmap' : 'not trusted: files are read';
    return [
      finding('root', trusted, `${path} on ${kind}: ${trust}`),
      cached,
      await tryStrategy('sendfile', options, native, sample, { strategy: 'sendfile' }),
      await tryStrategy('mmap of a copy', options, native, sample, { strategy: 'mmap' }),
      await tryStrategy('mmap of the file', options, native, sample, {
        strategy: 'mmap',
        mmapSource: 'file',
      }),
    ];
  } finally {
    opened.close();
  }
}

function openRootOf(path: string, { symlinks }: Options, { addon }: Native): Root {
  try {
    return openRoot(path, symlinks, addon);
  } catch (error) {
    throw cannotServe(path, error);
  }
}

function thresholds(options: Options): Finding {
  const mmapMax = mmapMaxOf(options);
  const { mmapMinUses, cacheSize, sendfileMin, sendfileMaxChunk } = options;
  const text = `mmap up to ${mmapMax} bytes after ${mmapMinUses} uses, ${cacheSize} bytes in all; sendfile from ${sendfileMin}, ${sendfileMaxChunk} a turn`;
  if (sendfileMin <= mmapMax + 1) return finding('thresholds', undefined, text);
  return finding(
    'thresholds',
    false,
    `${text}; sizes between ${mmapMax} and ${sendfileMin} go by read`,
  );
}
