// Adds up raw TAP files, names what failed, and prints one plain line: "N passed, N failed". Fails when anything did, or
// when nothing ran. NAME.tap.again replaces what NAME.tap says of the test files that ran again.
//   --failing FILE   only prints the test files of one TAP file that failed
import { readFileSync } from 'node:fs';
import { Parser } from 'tap-parser';

const [first, ...rest] = process.argv.slice(2);
if (first === '--failing') {
  for (const [name, { failed }] of read(rest[0] ?? '')) if (failed > 0) console.log(name);
} else {
  const suites = new Map();
  for (const file of [first ?? '', ...rest].sort()) {
    const run = file.replace(/\.again$/, '');
    for (const [name, counts] of read(file)) suites.set(`${run} ${name}`, counts);
  }
  const total = { passed: 0, failed: 0 };
  for (const counts of suites.values()) add(total, counts);
  for (const { failures } of suites.values())
    for (const name of failures) console.log(`FAILED ${name}`);
  // The line before may have no end: a reporter puts the cursor back.
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Counts by test file. */
function read(file) {
  const suites = new Map();
  const parser = new Parser();
  parser.on('child', (child) => {
    const counts = countOf(child, [child.name]);
    suites.set(child.name, counts);
  });
  // A file that crashed, timed out or ran nothing has no failed assertion of its own.
  parser.on('assert', ({ ok, name }) => {
    const counts = suites.get(name) ?? { passed: 0, failed: 0, failures: [] };
    suites.set(name, counts);
    if (ok || counts.failed > 0) return;
    counts.failed++;
    counts.failures.push(name);
  });
  parser.end(readFileSync(file, 'utf8'));
  // A stream that is empty or bails out.
  if (suites.size === 0) suites.set(file, { passed: 0, failed: 1, failures: [file] });
  return suites;
}

/** Counts assertions, filled while the parser runs; a subtest counts by what is in it. Skipped and todo ones do not count. */
function countOf(parser, path) {
  const counts = { passed: 0, failed: 0, failures: [] };
  let subtest;
  parser.on('child', (child) => {
    subtest = countOf(child, [...path, child.name]);
  });
  parser.on('assert', ({ ok, skip, todo, name }) => {
    const failed = !ok && !todo && !skip;
    if (failed && (subtest === undefined || subtest.failed === 0))
      counts.failures.push([...path, name].join(' > '));
    if (subtest !== undefined) {
      // A subtest that crashed or timed out.
      if (failed && subtest.failed === 0) subtest.failed++;
      add(counts, subtest);
      counts.failures.push(...subtest.failures);
      subtest = undefined;
    } else if (!skip && !todo) {
      counts[ok ? 'passed' : 'failed']++;
    }
  });
  return counts;
}

function add(sum, counts) {
  sum.passed += counts.passed;
  sum.failed += counts.failed;
}
