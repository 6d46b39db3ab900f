// What our pages look like: one stylesheet for errors and listings, and the policy under which a browser shows them.

/** Colours follow the system, text has a contrast of 4.5 at least, and it works from 320 px up. */
export const STYLE = `
:root{color-scheme:light dark;--line:light-dark(#e4ddd6,#373147);--card:light-dark(#fff,#211d2e);--quiet:light-dark(#6b6275,#a79fb8);--link:light-dark(#5b3fc4,#b3a0ff);font:16px/1.5 system-ui,sans-serif;color:light-dark(#2a2333,#ece7f4);background:light-dark(#faf8f6,#16131f)}
body{max-width:60rem;margin:0 auto;padding:clamp(1rem,6vw,3rem) clamp(.75rem,4vw,2rem)}
main{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--link);border-radius:.5rem;max-width:34rem;margin:12vh auto}
main>h1,main>p{margin:1.25rem 1.5rem}
h1{font-size:1.4rem;line-height:1.3;letter-spacing:-.01em;overflow-wrap:anywhere}
p,small{color:var(--quiet)}
code{color:var(--link);font:.95em ui-monospace,monospace;white-space:nowrap}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
`;

/** SHA-256 of the stylesheet (CSP 3 §6.7); a test compares it with the text. */
const STYLE_HASH = "'sha256-EGD5ihLM/w+QQC4WnEWGKnrNdnsE0HnGpWGf51ASbco='";

/**
 * Nothing but our own style and script may count, whatever a file is called; the only images are those in the style.
 * `hashes` are of what a page has beside the stylesheet.
 */
export function policyFor(hashes: { readonly style: string; readonly script: string }): string {
  return [
    "default-src 'none'",
    `style-src ${STYLE_HASH} ${hashes.style}`.trimEnd(),
    ...(hashes.script === '' ? [] : [`script-src ${hashes.script}`, 'img-src data:']),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}
