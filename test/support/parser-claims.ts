// Claims about single heads: what the parser makes of them, and at which byte it knows.
import type { Test } from 'tap';
import {
  type HeadLimits,
  type HeadReport,
  type HeadResult,
  type ParsedHead,
  parseHeads,
} from './parser-program.ts';

export const HOST = 'Host: a\r\n';

/** A GET of `/` with these field lines. */
export const get = (lines: string) => `GET / HTTP/1.1\r\n${lines}\r\n`;

/** A request of a target. */
export const to = (target: string, method = 'GET') => `${method} ${target} HTTP/1.1\r\n${HOST}\r\n`;

export const words = (text: string) => text.split(' ');

export interface Claims {
  /** Parses a head; no split of its bytes changes the answer. */
  parse(t: Test, head: string, limits?: HeadLimits): HeadReport;
  /** The head is complete and has at least what is wanted. */
  accept(t: Test, head: string, wanted?: Partial<ParsedHead>, limits?: HeadLimits): void;
  /** The head is refused at the byte before `▲`, or at its last one. */
  refuse(t: Test, result: HeadResult, marked: string, limits?: HeadLimits): void;
}

/** The claims, judged by that build of parser_cli. */
export function claimsOf(program: string): Claims {
  const parse: Claims['parse'] = (t, head, limits) => {
    const [report] = parseHeads(program, [head], limits);
    if (!report) throw new Error('the program printed nothing');
    t.ok(report.resumes, `any split gives the same: ${show(head)}`);
    return report;
  };
  return {
    parse,
    accept(t, head, wanted = {}, limits) {
      const { result, head: parsed } = parse(t, head, limits);
      t.match({ ...parsed, result }, { ...wanted, result: 'complete' }, show(head));
    },
    refuse(t, result, marked, limits) {
      const [before = '', after = ''] = marked.split('▲');
      const report = parse(t, before + after, limits);
      t.match(report, { result, decidedAt: before.length }, show(marked));
    },
  };
}

/** Bytes as a title. */
export function show(bytes: string): string {
  const text = JSON.stringify(bytes);
  return text.length > 100 ? `${text.slice(0, 60)}… (${bytes.length} bytes)` : text;
}
