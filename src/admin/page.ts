// The live page: one text without anything from elsewhere, and the policy under which a browser shows it.
import { loadCrypto } from '../packages/packages.ts';
import { STYLE as HOUSE } from '../plan/page-style.ts';
import { SCRIPT } from './page-script.ts';

/** Colours follow the system. Text has a contrast of 4.5 at least and lines of 3, and it works from 320 px up. */
const STYLE = `${HOUSE}
:root{--s0:var(--link);--s1:light-dark(#0a7d74,#3fd0c0);--s2:light-dark(#b25000,#f5ad5b);--s3:light-dark(#7a7186,#a79fb8);--good:light-dark(#0b6e3f,#5bd699);--bad:light-dark(#b3192e,#ff8f98)}
body{max-width:80rem;padding:clamp(.75rem,3vw,2rem) clamp(.6rem,3vw,2rem)}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem;margin-bottom:1rem}
h1,header p{margin:0}
#about{flex-basis:100%;font-size:.9rem;overflow-wrap:anywhere}
#state{font-weight:600;padding:.05rem .7rem;border:1px solid;border-radius:1rem;color:var(--quiet)}
#state.good{color:var(--good)}#state.bad{color:var(--bad)}
main{background:none;border:0;max-width:none;margin:0}
.grid{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,15.5rem),1fr))}
.grid+.grid{margin-top:.75rem;align-items:start}
.stale main{opacity:.45}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.8rem 1rem;min-width:0;display:flex;flex-direction:column}
section.wide{grid-area:span 2/span 2}
section.table{padding:.8rem 0 .4rem}
h2{font-size:.875rem;font-weight:500;margin:0;color:var(--quiet)}
.table h2{padding:0 1rem .4rem}
.value{margin:0;font-size:1.75rem;line-height:1.35;font-weight:600;letter-spacing:-.02em;color:inherit;font-variant-numeric:tabular-nums}
.note{margin:0;padding-top:.3rem;font-size:.8125rem;line-height:1.4}
svg{display:block;width:100%;flex:1 0 3rem;min-height:0;margin-top:.4rem;overflow:hidden;border-bottom:1px solid var(--line)}
.wide .value{font-size:2.5rem}
.wide svg{flex-basis:7rem}
path{vector-effect:non-scaling-stroke;stroke-width:1.5;fill:none;stroke-linejoin:round}
.area{stroke:none;opacity:.22}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}
.area.s0{fill:var(--s0)}.area.s1{fill:var(--s1)}.area.s2{fill:var(--s2)}.area.s3{fill:var(--s3)}
.area{stroke:none}
#errors path{stroke:var(--bad)}#errors .area{fill:var(--bad);stroke:none}
dl{display:flex;flex-wrap:wrap;gap:.2rem 1.25rem;margin:.6rem 0 0;font-size:.875rem}
dl div{display:flex;gap:.4rem;align-items:baseline}
dt{color:var(--quiet)}
dt::before{content:"";display:inline-block;width:.65em;height:.65em;border-radius:2px;margin-right:.4em;background:var(--c)}
.w0{--c:var(--s0)}.w1{--c:var(--s1)}.w2{--c:var(--s2)}.w3{--c:var(--s3)}
dd{margin:0;font-variant-numeric:tabular-nums;white-space:nowrap}
[role=meter]{height:.5rem;border-radius:.25rem;background:var(--line);margin:.7rem 0 auto;overflow:hidden}
[role=meter] i{display:block;height:100%;width:0;background:var(--link)}
.scroll{overflow-x:auto}
table{border-spacing:0;width:100%;font-size:.8125rem}
th,td{font-weight:400;text-align:right;padding:.3rem .3rem;border-top:1px solid var(--line);font-variant-numeric:tabular-nums;white-space:nowrap}
th:first-child{text-align:left;padding-left:1rem;white-space:normal}
th:last-child,td:last-child{padding-right:1rem}
thead th{color:var(--quiet);border:0}
.bad td,.bad th{color:var(--bad)}
.bad td:last-child{font-weight:600}
footer{margin-top:1rem}
footer p{margin:.2rem 0;font-size:.8125rem;overflow-wrap:anywhere}
@media (max-width:36rem){.grid{grid-template-columns:1fr 1fr;gap:.5rem}.grid+.grid{margin-top:.5rem}section{padding:.6rem .7rem}section.table,section.wide{grid-area:auto/1/auto/-1}.value{font-size:1.3rem}.wide .value{font-size:1.75rem}.table h2,th:first-child{padding-left:.7rem}th:last-child,td:last-child{padding-right:.7rem}}
`;

/** A number, what it was in the last minute, and a word of what it means. */
function tile(id: string, title: string, about: string): string {
  return `<section id="${id}"><h2>${title}</h2><p class="value" id="${id}-value">–</p>
<svg viewBox="0 0 60 40" preserveAspectRatio="none" role="img" aria-label="${about}, the last minute"></svg><p class="note" id="${id}-note"></p></section>`;
}

/** A number, and how much it is of what it may be. */
function gauge(id: string, title: string): string {
  return `<section id="${id}"><h2>${title}</h2><p class="value" id="${id}-value">–</p>
<div role="meter" aria-label="${title}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0"><i></i></div><p class="note" id="${id}-note"></p></section>`;
}

function table(id: string, title: string, heads: readonly string[]): string {
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join('');
  return `<section class="table"><h2 id="${id}-title">${title}</h2><div class="scroll"><table aria-labelledby="${id}-title"><thead><tr>${head}</tr></thead><tbody id="${id}"></tbody></table></div></section>`;
}

const WAYS = [
  ['mmap', 'mmap'],
  ['sendfile', 'sendfile'],
  ['read', 'read'],
  ['bytes', 'pages'],
] as const;

const legend = WAYS.map(
  ([way, name], i) => `<div class="w${i}"><dt>${name}</dt><dd id="way-${way}">–</dd></div>`,
).join('');

export const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>zcserve</title>
<style>${STYLE}</style></head>
<body>
<header><h1>zcserve</h1><p id="state" role="status">waiting</p><p id="about"></p></header>
<noscript><p>This page needs its script; the same stands in <a href="stats">stats</a> and <a href="metrics">metrics</a>.</p></noscript>
<main><div class="grid">
<section class="wide" id="bytes"><h2>Bytes per second, by how they leave</h2><p class="value" id="bytes-value">–</p>
<svg viewBox="0 0 60 40" preserveAspectRatio="none" role="img" aria-label="Bytes per second by strategy, the last minute"></svg><dl>${legend}</dl></section>
${tile('answers', 'Answers', 'Answers per second')}
${tile('duration', 'Time until sent, p99', '99th percentile of the time until an answer is sent')}
${tile('ratio', 'From memory', 'Share of files from memory')}
${tile('errors', 'Errors', 'Errors per second')}
${tile('connections', 'Connections', 'Open connections')}
${tile('loop', 'Event-loop delay', 'Delay of the event loop')}
${gauge('cache', 'Memory cache')}
${gauge('open', 'Open files')}
</div><div class="grid">
${table('statuses', 'Answers by status', ['status', 'protocol', 'answers', 'share'])}
${table('ways', 'Bodies by strategy and reason', ['way', 'whole', 'bytes'])}
${table('trouble', 'Trouble', ['what', 'count'])}
${table('tls', 'TLS and HTTP/2', ['what', 'count'])}
</div></main>
<footer><p id="version"></p><p><a href="metrics">metrics</a> for Prometheus · <a href="stats">stats</a> as JSON · <a href="healthz">healthz</a> · <a href="readyz">readyz</a></p></footer>
<script>${SCRIPT}</script>
</body>
</html>
`;

/** Nothing but this style and script counts, and the page asks nobody but the listener that it came from. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(STYLE)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** CSP 3 §6.7 */
function hashOf(text: string): string {
  return `'sha256-${loadCrypto().createHash('sha256').update(text).digest('base64')}'`;
}
