// The page itself, in its two shapes: a folder whose files the page fetches, and one file that holds them.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { inRoot } from '../setup/paths.mjs';

/** @typedef {{ page: string, worker: string, engine: string }} Code what bundle.mjs gives */

const source = (name) => fs.readFileSync(inRoot('web', name), 'utf8');

/** What a page may do: run its own code and compile its engine; it reaches no other host. */
const policyOf = (rules) =>
  Object.entries({
    'default-src': "'none'",
    ...rules,
    'img-src': "'self' data: blob:",
    'base-uri': "'none'",
    'form-action': "'none'",
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');

const PARTS = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-backend-wasm',
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
  return `Made by stable-diffusion-mnist (MIT). With code of\n${lines.join('\n')}`;
}

const page = (values) =>
  source('index.html').replace(/%([A-Z]+)%/g, (_, name) => values[name]) +
  `<!--\n${notice()}\n-->\n`;

/** As the README.md of a Hugging Face Space, which then shows the folder as it is. */
const SPACE = `---
title: Pictures out of noise
emoji: 🔢
colorFrom: gray
colorTo: blue
sdk: static
app_file: index.html
pinned: false
---

A small diffusion model that draws in the reader's browser, made by \`npm run web\` of stable-diffusion-mnist. The folder
works on any static host, in a folder of it, too. \`model/\` is the model itself, in diffusers' layout.
`;

/** The files below a folder, with \`/\` between the parts. */
const filesBelow = (folder) =>
  fs
    .readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .sort();

/**
 * Writes the folder, in place of what stands there.
 *
 * @param {string} output
 * @param {Code} code
 * @param {string} model its folder
 * @returns {number} bytes
 */
export function writeFolder(output, code, model) {
  const aside = `${output}.part`;
  fs.rmSync(aside, { recursive: true, force: true });
  fs.mkdirSync(aside, { recursive: true });
  const write = (name, data) => fs.writeFileSync(path.join(aside, name), data);
  const policy = policyOf({
    'script-src': "'self' 'wasm-unsafe-eval'",
    'worker-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self' blob:",
  });
  const head = '<link rel="stylesheet" href="page.css" />\n    <script src="page.js"></script>';
  write('index.html', page({ POLICY: policy, HEAD: head, DATA: '' }));
  write('page.css', source('page.css'));
  write('page.js', code.page);
  write('worker.js', code.worker);
  write('README.md', SPACE);
  fs.copyFileSync(code.engine, path.join(aside, 'engine.wasm'));
  fs.cpSync(model, path.join(aside, 'model'), { recursive: true });
  fs.rmSync(output, { recursive: true, force: true });
  fs.renameSync(aside, output);
  return filesBelow(output).reduce(
    (sum, name) => sum + fs.statSync(path.join(output, name)).size,
    0,
  );
}

const hash = (text) => `'sha256-${crypto.createHash('sha256').update(text).digest('base64')}'`;

/** A script in a page, whose strings must not end the element that they stand in. */
const inline = (code) => code.replace(/<(?=\/script|!--)/gi, '\\x3c');

/**
 * Writes one file that holds page, worker, engine and model.
 *
 * @param {{ joined: Function, toLetters: Function }} archive lib/web/archive.ts
 * @param {string} file
 * @param {Code} code
 * @param {string} model its folder
 * @returns {number} bytes
 */
export function writeSingle({ joined, toLetters }, file, code, model) {
  const files = Object.fromEntries(
    filesBelow(model).map((name) => [name, fs.readFileSync(path.join(model, name))]),
  );
  files['engine.wasm'] = fs.readFileSync(code.engine);
  files['worker.js'] = Buffer.from(code.worker);
  const archive = zlib.gzipSync(joined(files), { level: 9 });
  const [style, script] = [source('page.css'), inline(code.page)];
  const policy = policyOf({
    'script-src': `${hash(script)} 'wasm-unsafe-eval' blob:`,
    'worker-src': 'blob:',
    'style-src': hash(style),
    'connect-src': 'blob:',
  });
  const held = `<script type="application/octet-stream" id="archive" data-size="${archive.length}">`;
  const html = page({
    POLICY: policy,
    HEAD: `<style>${style}</style>\n    <script>${script}</script>`,
    DATA: `${held}${toLetters(archive)}</script>`,
  });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, html);
  fs.renameSync(`${file}.part`, file);
  return fs.statSync(file).size;
}
