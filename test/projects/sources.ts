// Small projects of the frameworks, as their own starters have them.

export interface Project {
  readonly files: Readonly<Record<string, string>>;
  /** Files of it that are recipes: path, heading, which of its blocks. */
  readonly inside?: ReadonlyArray<readonly [file: string, heading: string, index: number]>;
  /** What builds it. */
  readonly commands: ReadonlyArray<readonly [program: string, ...args: string[]]>;
  /** The heading of the recipe that serves it, or the arguments of zcserve's command. */
  readonly server: string | readonly string[];
  /** What is served of the build: where it is, below which path, and which of its names are hashed. */
  readonly build: { readonly folder: string; readonly prefix?: string; readonly hashed: RegExp };
  readonly pages: ReadonlyArray<readonly [target: string, status: number, body: RegExp]>;
}

const vite: Readonly<Record<string, string>> = {
  'index.html':
    '<!doctype html><div id="root"></div><script type="module" src="/main.js"></script>',
  'main.js': `import './main.css'; import logo from './logo.svg?no-inline';
document.title = logo; for (const load of Object.values(import.meta.glob('./parts/*.js'))) load();`,
  'main.css': 'body { color: red }',
  'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'public/robots.txt': 'robots',
  ...Object.fromEntries(
    Array.from({ length: 30 }, (_, n) => [`parts/part${n}.js`, `export default 'part ${n}'`]),
  ),
};

const next: Readonly<Record<string, string>> = {
  'app/layout.jsx': `import './app.css';
export default ({ children }) => <html><body>{children}</body></html>;`,
  'app/app.css': 'body { color: red }',
  'app/page.jsx': "export default () => <p>{'the home'}</p>;",
  'app/about/page.jsx': `'use client';
import { useState } from 'react';
export default () => <p>{useState('the about')[0]}</p>;`,
  'public/robots.txt': 'robots',
};

export const PROJECTS: Readonly<Record<string, Project>> = {
  'Vite, by the command': {
    files: vite,
    commands: [['vite', 'build']],
    server: ['dist', '--spa', '--immutable-hashed'],
    build: { folder: 'dist', hashed: /^assets\// },
    pages: [
      ['/', 200, /id="root"/],
      ['/users/john.doe', 200, /id="root"/],
    ],
  },
  'Vite, by the command, with a manifest': {
    files: { ...vite, 'vite.config.js': 'export default { build: { manifest: true } };' },
    commands: [['vite', 'build']],
    server: ['dist', '--immutable-hashed'],
    build: { folder: 'dist', hashed: /^assets\// },
    pages: [['/.vite/manifest.json', 404, /404/]],
  },
  'Vite, beside its own middleware': {
    files: { ...vite, 'uploads/film.mp4': 'film', 'uploads/large.txt': 'x'.repeat(3_000_000) },
    commands: [],
    server: 'Vite',
    build: { folder: 'uploads', prefix: '/uploads', hashed: /^$/ },
    pages: [
      ['/', 200, /@vite\/client/],
      ['/main.css', 200, /color: red/],
      ['/robots.txt', 200, /robots/],
    ],
  },
  Astro: {
    files: {
      'astro.config.mjs': `import node from '@astrojs/node';
export default { output: 'server', adapter: node({ mode: 'middleware' }) };`,
      'src/pages/index.astro': `---
export const prerender = true;
import '../main.css';
---
<p>the home</p><script>import('../lazy.js').then(console.log)</script>`,
      'src/pages/about.astro': '<p>the about</p>',
      'src/main.css': Array.from({ length: 900 }, (_, n) => `.class-${n} { order: ${n} }`).join(''),
      'src/lazy.js': "export default 'lazy'.repeat(3);",
      'public/robots.txt': 'robots',
    },
    commands: [['astro', 'build']],
    server: 'Astro',
    build: { folder: 'dist/client', hashed: /^_astro\// },
    pages: [
      ['/', 200, /the home/],
      ['/about', 200, /the about/],
      ['/none', 404, /./],
    ],
  },
  'React Router': {
    files: {
      'vite.config.js': `import { reactRouter } from '@react-router/dev/vite';
export default { plugins: [reactRouter()] };`,
      'react-router.config.js': 'export default { ssr: true };',
      'app/root.jsx': `import { Links, Outlet, Scripts } from 'react-router';
import './app.css';
export default () => <html><head><Links /></head><body><Outlet /><Scripts /></body></html>;`,
      'app/app.css': 'body { color: red }',
      'app/routes.js': `import { index, route } from '@react-router/dev/routes';
export default [index('home.jsx'), route('about', 'about.jsx')];`,
      'app/home.jsx': "export default () => <p>{'the home'}</p>;",
      'app/about.jsx': "export default () => <p>{'the about'}</p>;",
      'public/robots.txt': 'robots',
    },
    commands: [['react-router', 'build']],
    server: 'React Router',
    build: { folder: 'build/client', hashed: /^assets\// },
    pages: [
      ['/', 200, /the home/],
      ['/about', 200, /the about/],
      ['/assets/gone-BxHd83kd.js', 404, /./],
    ],
  },
  'Next, its export by the command': {
    files: { ...next, 'next.config.js': "export default { output: 'export' };" },
    commands: [['next', 'build']],
    server: ['out', '--clean-urls', '--immutable-hashed'],
    build: { folder: 'out', hashed: /^_next\/static\// },
    pages: [
      ['/', 200, /the home/],
      ['/about', 200, /the about/],
      ['/about/none', 404, /could not be found/],
    ],
  },
  'Next, with a server of its own': {
    files: next,
    commands: [['next', 'build']],
    server: 'Next',
    build: { folder: '.next/static', prefix: '/_next/static', hashed: /./ },
    pages: [
      ['/', 200, /the home/],
      ['/about', 200, /the about/],
      ['/robots.txt', 200, /robots/],
      ['/none', 404, /could not be found/],
    ],
  },
  Nuxt: {
    files: {
      'nuxt.config.ts': `export default defineNuxtConfig({
  compatibilityDate: '2025-07-15', devtools: { enabled: false }, telemetry: false,
  nitro: { preset: 'node', compressPublicAssets: true },
});`,
      'app/app.vue': '<template><NuxtPage /></template>',
      'app/pages/index.vue': '<template><p>the home</p></template><style>p { color: red }</style>',
      'app/pages/about.vue': '<template><p>the about</p></template>',
      'server/api/inner.ts':
        "export default defineEventHandler(() => $fetch('/note.txt', { responseType: 'text' }));",
      'media/note.txt': 'a note within',
      'public/robots.txt': 'robots',
    },
    inside: [['server/middleware/files.ts', 'Nuxt, Nitro', 1]],
    commands: [['nuxt', 'build']],
    server: 'Nuxt, Nitro',
    build: { folder: '.output/public', hashed: /^_nuxt\/(?!builds\/latest)/ },
    pages: [
      ['/', 200, /the home/],
      ['/about', 200, /the about/],
      ['/note.txt', 200, /a note within/],
      ['/api/inner', 200, /a note within/],
      ['/api/inner', 200, /a note within/],
      ['/none', 404, /404/],
    ],
  },
};
