import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';

// biome-ignore lint/style/noDefaultExport: rollup takes no other
export default {
  input: 'app.mjs',
  output: { dir: 'out/rollup', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
  plugins: [resolve({ exportConditions: ['node'] }), commonjs(), json()],
};
