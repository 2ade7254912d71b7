// The page's own code: what runs in the page, and what runs in its workers, each as one classic script, which may stand in a file
// that is opened from the disk. Built by the set-up into web/build, from where the library takes it (lib/page).
import fs from 'node:fs';
import path from 'node:path';
import { build } from 'vite';
import { inRoot, root } from '../setup/paths.mjs';

const source = (name) => fs.readFileSync(inRoot('web', name), 'utf8');

const CORE = '@tensorflow/tfjs-core';

/** The engines that are loaded when they are tried; tfjs's core they take from the worker that loads them. */
const ENGINES = ['webgl', 'webgpu'];

/** @param {string} entry a file of web/ @returns {Promise<{ code: string, files: string[] }>} minified, and what it is made of */
async function script(entry, { external = [] } = {}) {
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
        external,
        input: inRoot('web', entry),
        output: { format: 'iife', inlineDynamicImports: true, globals: { [CORE]: 'tfjsCore' } },
      },
    },
  });
  const [{ output }] = [result].flat();
  return { code: output[0].code, files: output[0].moduleIds };
}

const PARTS = [
  CORE,
  '@tensorflow/tfjs-backend-wasm',
  '@tensorflow/tfjs-backend-webgl',
  '@tensorflow/tfjs-backend-webgpu',
  '@huggingface/tokenizers',
  '@noble/hashes',
];

/** Whose code is inside, and under which licences. */
function notice() {
  const lines = PARTS.map((name) => {
    const file = inRoot('node_modules', name, 'package.json');
    const { version, license } = JSON.parse(fs.readFileSync(file, 'utf8'));
    return `  ${name} ${version}: ${license}`;
  });
  return `<!--\nMade by stable-diffusion-mnist (MIT). With code of\n${lines.join('\n')}\n-->\n`;
}

/** Our own files among what was bundled, from the clone's root. */
const ownFiles = (files) => {
  const own = files
    .map((file) => path.relative(root, file))
    .filter((file) => !/^\.\.|node_modules|\0/.test(file) && fs.existsSync(inRoot(file)));
  return [...new Set(own)].sort();
};

/**
 * Builds the page, in place of what stands there.
 *
 * @param {string} folder
 */
export async function buildPage(folder) {
  const [page, worker] = [await script('main.ts'), await script('worker.ts')];
  const engines = await Promise.all(
    ENGINES.map((name) => script(path.join('engines', `${name}.ts`), { external: [CORE] })),
  );
  const engine = path.join(
    '@tensorflow',
    'tfjs-backend-wasm',
    'dist',
    'tfjs-backend-wasm-simd.wasm',
  );
  const files = {
    'index.html': source('index.html') + notice(),
    'page.css': source('page.css'),
    'page.js': page.code,
    'worker.js': worker.code,
    ...Object.fromEntries(ENGINES.map((name, i) => [`${name}.js`, engines[i].code])),
    'engine.wasm': fs.readFileSync(inRoot('node_modules', engine)),
    'sources.json': JSON.stringify(
      ownFiles([page, worker, ...engines].flatMap(({ files }) => files)),
      null,
      1,
    ),
  };
  const aside = `${folder}.part`;
  fs.rmSync(aside, { recursive: true, force: true });
  fs.mkdirSync(aside, { recursive: true });
  for (const [name, data] of Object.entries(files)) fs.writeFileSync(path.join(aside, name), data);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.renameSync(aside, folder);
}
