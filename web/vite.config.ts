/** Builds the pages into `dist/web`: external files only, so that a strict content security policy holds. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Of every answer its own: the controller puts it in the place of this (controller/login/pages.ts).
  html: { cspNonce: 'POSTERN-NONCE' },
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    // Nothing inline: the policy allows neither data: scripts nor data: styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});

/** Puts what a browser may be sent instead beside each script and style: the controller compresses nothing while it answers. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir = '' }) {
      const assets = join(dir, 'assets');
      for (const name of readdirSync(assets)) {
        const bytes = readFileSync(join(assets, name));
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes));
        writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
