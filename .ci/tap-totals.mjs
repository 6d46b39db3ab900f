// Adds up raw TAP files, names what failed, and prints one plain line: "N passed, N failed". Fails when anything did, or
// when nothing ran.
import { readFileSync } from 'node:fs';
import { Parser } from 'tap-parser';

const total = { passed: 0, failed: 0 };
for (const file of process.argv.slice(2)) {
  const parser = new Parser();
  const counts = countOf(parser, []);
  parser.end(readFileSync(file, 'utf8'));
  // A stream that is empty, ends early or bails out has no failed assertion of its own.
  if (counts.failed === 0 && (!parser.ok || counts.passed === 0)) counts.failed++;
  add(total, counts);
}
// The line before may have no end: a reporter puts the cursor back.
console.log();
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** Counts assertions, filled while the parser runs; a subtest counts by what is in it. Skipped and todo ones do not count. */
function countOf(parser, path) {
  const counts = { passed: 0, failed: 0 };
  let subtest;
  parser.on('child', (child) => {
    subtest = countOf(child, [...path, child.name]);
  });
  parser.on('assert', ({ ok, skip, todo, name }) => {
    if (!ok && !todo && !skip) console.log(`FAILED ${[...path, name].join(' > ')}`);
    if (subtest !== undefined) {
      // A subtest that crashed or timed out.
      if (!ok && !todo && subtest.failed === 0) subtest.failed++;
      add(counts, subtest);
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
