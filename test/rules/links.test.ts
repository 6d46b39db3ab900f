// Which links of a response may go ahead of it.
import t from 'tap';
import { earlyLinks } from '../../src/rules/links.ts';

const ROWS: ReadonlyArray<readonly [value: string, early: string | undefined]> = [
  ['</a.css>; rel=preload; as=style', '</a.css>; rel=preload; as=style'],
  ['</a.js>; rel="modulepreload"', '</a.js>; rel="modulepreload"'],
  ['<https://cdn.example>; REL=PreConnect', '<https://cdn.example>; REL=PreConnect'],
  ['</a>;as=font;rel=preload;crossorigin', '</a>;as=font;rel=preload;crossorigin'],
  ['</a>; rel="next preload"', '</a>; rel="next preload"'],
  ['</a>; rel=canonical', undefined],
  ['</a>; rel=preloaded', undefined],
  ['</a>; rel=prefetch', undefined],
  ['</a>; rel=canonical; rel=preload', undefined],
  ['</a>', undefined],
  ['', undefined],
  ['rel=preload', undefined],
  ['</a>; rel=next, </b>; rel=preload ,</c>; rel=preload', '</b>; rel=preload, </c>; rel=preload'],
  ['</a,b>; rel=preload, </c>; rel=next', '</a,b>; rel=preload'],
  ['</a>; title="x, \\"</y>; z"; rel=preload', '</a>; title="x, \\"</y>; z"; rel=preload'],
];

for (const [value, early] of ROWS) {
  t.same(earlyLinks(['Link', value]), early && ['Link', early], `${value} → ${early}`);
}
t.same(
  earlyLinks(['X', '</x>; rel=preload', 'link', '</a>; rel=preload', 'LINK', '</b>; rel=preload']),
  ['Link', '</a>; rel=preload, </b>; rel=preload'],
  'several lines are one, other fields are none',
);
