// The fixed text of a listing page: its style beside that of all pages, its script, and its policy.
import { policyFor } from './page-style.ts';

/** Drawn in 16 × 16. In the style and by the end of a link's address, so that a row needs no byte for its icon. */
const ICONS = {
  up: 'M8 13.5v-10M4 7.5l4-4 4 4',
  folder: 'M1.5 3.5h4.5l1.5 2h7v8h-13z',
  file: 'M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3',
  text: 'M3.5 1.5h9v13h-9zM6 5h4M6 8h4M6 11h3',
  code: 'M5.5 4.5l-4 3.5 4 3.5M10.5 4.5l4 3.5-4 3.5',
  image: 'M1.5 2.5h13v11h-13zM2 12.5l4-5 3 3.5 2-2 3 3.5M10.8 5.6h.4',
  media: 'M8 1.5a6.5 6.5 0 1 0 .01 0zM6.5 5.5v5l4-2.5z',
  archive: 'M1.5 2.5h13v3.5h-13zM2.5 6v7.5h11v-7.5M6.5 9h3',
};

const KINDS: ReadonlyArray<readonly [icon: keyof typeof ICONS, endings: string]> = [
  ['text', 'txt md pdf log csv doc docx odt rtf epub'],
  ['code', 'html htm css js mjs cjs ts jsx tsx json map xml yml yaml toml wasm sh py c h cc rs go'],
  ['image', 'png jpg jpeg gif webp avif svg ico bmp tif tiff'],
  ['media', 'mp4 webm mkv mov m4v mp3 ogg oga ogv opus flac wav m4a aac m3u8'],
  ['archive', 'zip gz tgz br zst bz2 xz 7z tar rar iso deb rpm jar'],
];

function drawing(icon: keyof typeof ICONS): string {
  return `{--i:url("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='red' stroke-width='1.4' stroke-linejoin='round' stroke-linecap='round'><path d='${ICONS[icon]}'/></svg>")}`;
}

/** Rows are links of full height; the head stays in sight; on a phone a date takes two lines. */
export const STYLE = `
main{width:fit-content;min-width:min(100%,40rem);max-width:none;margin:0}
input{font:inherit;color:inherit;background:none;border:0;border-bottom:1px solid var(--line);padding:.7rem 1rem;width:100%;box-sizing:border-box}
input::placeholder{color:var(--quiet);opacity:1}
table{border-spacing:0;width:100%}
th,td{text-align:right;padding:.3rem .75rem;white-space:nowrap}
th{position:sticky;top:0;z-index:1;background:var(--card);border-bottom:1px solid var(--line);font-size:.875rem;font-weight:500}
th a{color:var(--quiet)}
th[aria-sort] a{font-weight:700}
th[aria-sort=ascending] a::after{content:" \\2191"}th[aria-sort=descending] a::after{content:" \\2193"}
td{color:var(--quiet);font-size:.875rem;font-variant-numeric:tabular-nums}
tr:not(:first-child)>td{border-top:1px solid var(--line)}
tbody tr:hover{background:color-mix(in srgb,var(--link) 7%,transparent)}
th:first-child,td:first-child{text-align:left;width:100%}
th:first-child{padding-left:2.75rem}
td:first-child{padding:0;font-size:1rem;white-space:pre-wrap;overflow-wrap:anywhere}
td a{display:block;position:relative;padding:.4rem .75rem .4rem 2.75rem}
td a:focus-visible{outline-offset:-2px}
td a::before{content:"";position:absolute;left:1rem;top:.65rem;width:1.1rem;height:1.1rem;background:var(--quiet);mask:var(--i) center/contain}
caption{caption-side:bottom;padding:.6rem 1rem;border-top:1px solid var(--line);text-align:left;color:var(--quiet);font-size:.875rem}
@media (max-width:36rem){th,td{padding:.3rem .4rem}th:last-child,td:last-child{padding-right:.75rem}td:last-child,th:last-child{white-space:normal;min-width:6.3em;padding-left:.2rem}td:first-child{min-width:7rem}td a{padding:.65rem .25rem .65rem 2.3rem}td a::before{left:.75rem;top:.85rem}th:first-child{padding-left:2.3rem}}
td a${drawing('file')}
${KINDS.map(([icon, endings]) => `td a:is(${endings.split(' ').map(ending).join()})${drawing(icon)}`).join('\n')}
td a[href$="/"]${drawing('folder')}td a[href='../']${drawing('up')}
`;

function ending(text: string): string {
  return `[href$=".${text}"i]`;
}

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

export const CONTENT_SECURITY_POLICY = policyFor({
  style: "'sha256-5+gTnXEU7AXEm/7D5qYB0OADYMQAJSdOhVSLXFGS3Zc='",
  script: "'sha256-bMA0IfOHkKOAuVl0wRijCwUHnzT4Gqe0zJ6ufCjaPvM='",
});
