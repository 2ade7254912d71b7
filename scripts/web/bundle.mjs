// The page's own code: what runs in the page, and what runs in its workers, each as one classic script, which may stand in a file
// that is opened from the disk.
import path from 'node:path';
import { build } from 'vite';
import { inRoot } from '../setup/paths.mjs';

/** @param {string} entry a file of web/ @returns {Promise<string>} its code with all that it imports, minified */
async function script(entry) {
  const result = await build({
    configFile: false,
    root: inRoot('web'),
    publicDir: false,
    logLevel: 'warn',
    resolve: { alias: { ndarray: inRoot('web', 'ndarray.ts') } },
    define: { 'process.env': '{}', global: 'globalThis' },
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rollupOptions: {
        input: inRoot('web', entry),
        output: { format: 'iife', inlineDynamicImports: true },
      },
    },
  });
  const [{ output }] = [result].flat();
  return output[0].code;
}

/** @returns {Promise<{ page: string, worker: string, engine: string }>} two scripts, and the file of the engine */
export async function bundle() {
  const [page, worker] = [await script('main.ts'), await script('worker.ts')];
  const wasm = path.join('@tensorflow', 'tfjs-backend-wasm', 'dist', 'tfjs-backend-wasm-simd.wasm');
  return { page, worker, engine: inRoot('node_modules', wasm) };
}
