// The recipes of docs/recipes.md run as they stand: each section's config and files, and what its answers have.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { gatherOptions } from '../../src/command/config.ts';
import { request } from '../support/client.ts';
import { startServer } from '../support/server.ts';
import { makeTree } from '../support/tree.ts';

const PAGE = fileURLToPath(new URL('../../docs/recipes.md', import.meta.url));

interface Recipe {
  readonly title: string;
  /** By the language of the block. */
  readonly blocks: ReadonlyMap<string, string>;
}

interface Wanted {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
}

const recipes: Recipe[] = readFileSync(PAGE, 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
    const [title = ''] = section.split('\n', 1);
    return {
      title,
      blocks: new Map(blocks.map(([, language = '', text = '']) => [language, text])),
    };
  });

function readWanted(text: string): Wanted[] {
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [first = '', ...lines] = block.split('\n');
      const [, method = '', target = '', status = '200'] =
        /^(GET|HEAD) (\S+)(?: → (\d+))?$/.exec(first) ?? [];
      const fields = lines.map((line) => {
        const cut = line.indexOf(': ');
        return [line.slice(0, cut), line.slice(cut + 2)] as const;
      });
      return { method, target, status: Number(status), fields };
    });
}

t.ok(recipes.length >= 9, 'recipes were found');

for (const { title, blocks } of recipes) {
  t.test(title, async (t) => {
    const wanted = readWanted(blocks.get('http') ?? '');
    const root = makeTree(t);
    for (const { target, status } of wanted) {
      if (status !== 200) continue;
      const file = join(root, target.replace(/\?.*/, ''));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'content');
    }
    for (const name of ['_headers', '_redirects']) {
      const text = blocks.get(name);
      if (text !== undefined) writeFileSync(join(root, name), text);
    }
    const config = join(makeTree(t, { 'zc.json': blocks.get('json') ?? '{}' }), 'zc.json');
    t.same(gatherOptions({ config }, {}).warnings, []);
    const options = JSON.parse(readFileSync(config, 'utf8'));
    const server = await startServer(t, { ...options, root });
    t.ok(wanted.length > 0 && wanted.every(({ fields }) => fields.length > 0));
    for (const { method, target, status, fields } of wanted) {
      const answer = await request({ port: server.port }, target, { method });
      t.equal(answer.status, status, target);
      for (const [name, value] of fields) t.equal(answer.field(name), value, `${target}: ${name}`);
    }
  });
}
