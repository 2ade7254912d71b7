// The code of the page that draws in a browser, bundled from web/ and lib/web.ts into web/build.
import fs from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';
import { sha256 } from './step.mjs';

const folder = inRoot('web', 'build');
const FILES = [
  'index.html',
  'page.css',
  'page.js',
  'worker.js',
  'webgl.js',
  'webgpu.js',
  'engine.wasm',
  'sources.json',
];

/** What the last bundle was made of: a change elsewhere in lib/ needs no new one. */
function bundledFiles() {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'sources.json'), 'utf8'));
  } catch {
    return []; // there is none, or its list was cut off: the stamp is another then
  }
}

const sources = () => [
  'web/index.html',
  'web/page.css',
  'scripts/web/bundle.mjs',
  'package-lock.json',
  ...bundledFiles(),
];

export const webPage = {
  name: 'web-page',
  title: 'the code of the page that draws in a browser',
  needs: ['node-packages'],
  disk: 0,
  inputs: () =>
    sources().map((name) => {
      const file = inRoot(name);
      return [name, fs.existsSync(file) ? sha256(fs.readFileSync(file)) : null];
    }),
  missing() {
    const lacking = FILES.find((name) => !fs.existsSync(path.join(folder, name)));
    return lacking === undefined ? null : `web/build/${lacking} is missing`;
  },
  remedy: 'Correct what vite says about the files of web/ and lib/ and run the command again.',
  async run() {
    // Not before the packages are there.
    const { buildPage } = await import('../web/bundle.mjs');
    await buildPage(folder);
  },
};
