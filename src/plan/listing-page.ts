// The fixed text of a listing page: its style, its script, and the policy that lets the browser run these two only.

/** Colours follow the system; rows are links of full height; works from 320 px up. */
export const STYLE = `
:root{color-scheme:light dark;--line:#8884;--dim:#667}
@media (prefers-color-scheme:dark){:root{--dim:#99a}}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.25rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line)}
td:first-child{overflow-wrap:anywhere;white-space:pre-wrap}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;color:var(--dim)}
a{text-decoration:none}a:hover,a:focus{text-decoration:underline}
a:focus-visible,input:focus-visible{outline:2px solid;outline-offset:2px}
th[aria-sort=ascending] a::after{content:" \\2191"}th[aria-sort=descending] a::after{content:" \\2193"}
input{font:inherit;padding:.25rem .5rem;width:100%;box-sizing:border-box}
@media (max-width:32rem){.t{display:none}}
`;

/** Adds what links cannot do: a filter ("/" puts the cursor there) and the arrow keys. Sorting needs no script. */
export const SCRIPT = `
const table=document.querySelector('table'),rows=[...table.tBodies[0].rows];
const filter=document.createElement('input');
filter.type='search';filter.placeholder='Filter by name';filter.setAttribute('aria-label','Filter by name');
table.before(filter);
filter.addEventListener('input',()=>{
  const text=filter.value.toLowerCase();
  for(const row of rows)row.hidden=!row.cells[0].textContent.toLowerCase().includes(text);
});
addEventListener('keydown',(event)=>{
  if(event.key==='/'&&event.target!==filter){event.preventDefault();filter.focus();return}
  if(event.key!=='ArrowDown'&&event.key!=='ArrowUp')return;
  const links=rows.filter((row)=>!row.hidden).map((row)=>row.cells[0].firstElementChild);
  const next=links[links.indexOf(document.activeElement)+(event.key==='ArrowDown'?1:-1)];
  if(next){event.preventDefault();next.focus()}else if(event.key==='ArrowUp')filter.focus();
});
`;

/**
 * Nothing but this style and this script may run, whatever a file is called; the only image is the empty icon. Their SHA-256 (CSP 3 §6.7);
 * a test compares them with the text.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'sha256-H/NKQQLzwrW0PeyYPJJIRuvqutGeyxeJS25R1Aaa020='",
  "script-src 'sha256-bMA0IfOHkKOAuVl0wRijCwUHnzT4Gqe0zJ6ufCjaPvM='",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');
