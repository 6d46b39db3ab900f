// The log: one line for a message, each key once per interval.
import t from 'tap';
import { createLog, type LogOptions } from '../../src/log/log.ts';

function record(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  let time = 0;
  const log = createLog({ write: (line) => lines.push(line), now: () => time, ...options });
  return {
    log,
    lines,
    advance: (ms: number) => {
      time += ms;
    },
  };
}

t.test('text lines carry their level', async (t) => {
  const { log, lines } = record();
  log.info('up');
  log.warn('careful');
  log.error('broken');
  t.same(lines, ['zcserve: up\n', 'zcserve: warn: careful\n', 'zcserve: error: broken\n']);
});

t.test('JSON lines are one object each', async (t) => {
  const { log, lines } = record({ format: 'json' });
  log.warn('two\nlines "quoted"', 'k');
  const parsed = JSON.parse(lines[0] ?? '');
  t.match(parsed, { level: 'warn', message: 'two\nlines "quoted"' });
  t.equal(new Date(parsed.time).toISOString(), parsed.time);
  t.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
});

t.test('names cannot break lines or reach the terminal', async (t) => {
  const { log, lines } = record();
  log.error('cannot open a\nb\u001b[2J\u009b\u007f\r');
  t.same(lines, ['zcserve: error: cannot open a\\x0ab\\x1b[2J\\x9b\\x7f\\x0d\n']);
});

t.test('a key is written once per interval, and tells how many it suppressed', async (t) => {
  const { log, lines, advance } = record({ intervalMs: 1000 });
  for (let i = 0; i < 5; i++) log.warn(`a ${i}`, 'a');
  log.warn('b', 'b');
  advance(999);
  log.error('a', 'a');
  t.same(lines, ['zcserve: warn: a 0\n', 'zcserve: warn: b\n']);
  advance(1);
  log.warn('a again', 'a');
  t.equal(lines[2], 'zcserve: warn: a again (and 5 more like it)\n');
  advance(1000);
  log.warn('a at last', 'a');
  t.equal(lines[3], 'zcserve: warn: a at last\n');
});

t.test('a message without a key is always written', async (t) => {
  const { log, lines } = record();
  log.warn('x');
  log.warn('x');
  t.equal(lines.length, 2);
});

t.test('the least level counts', async (t) => {
  const warn = record({ level: 'warn' });
  warn.log.info('i');
  warn.log.warn('w');
  warn.log.error('e');
  t.equal(warn.lines.length, 2);
  const silent = record({ level: 'silent' });
  silent.log.error('e');
  t.same(silent.lines, []);
});

t.test('keys are bounded: the oldest is forgotten', async (t) => {
  const { log, lines } = record();
  for (let i = 0; i <= 1000; i++) log.warn('x', `key ${i}`);
  log.warn('x', 'key 0');
  log.warn('x', 'key 1000');
  t.equal(lines.length, 1002);
});
