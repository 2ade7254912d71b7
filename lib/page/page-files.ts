/** The page in its two shapes: a folder whose files the page fetches, and one HTML text that holds them. */
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow } from '../io/runs/manifest';
import { joined, toLetters } from '../web/archive';
import { builtFile, builtText, LOADED } from './built-page';

/** What a page may do: run its own code and compile its engine; it reaches no other host. */
const policyOf = (rules: Readonly<Record<string, string>>): string =>
  Object.entries({
    'default-src': "'none'",
    ...rules,
    'img-src': "'self' data: blob:",
    'base-uri': "'none'",
    'form-action': "'none'",
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');

const page = (values: Readonly<Record<'POLICY' | 'HEAD' | 'DATA', string>>): string =>
  builtText('index.html').replace(/%(POLICY|HEAD|DATA)%/g, (_, name) => values[name as 'POLICY']);

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

/** Whether a folder is new, or of an earlier page: it is replaced as a whole. */
export function mayBePage(folder: string): boolean {
  const isThere = fs.existsSync(folder);
  if (isThere && !fs.statSync(folder).isDirectory()) return false;
  const isNew = !isThere || fs.readdirSync(folder).length === 0;
  return isNew || fs.existsSync(path.join(folder, 'engine.wasm'));
}

/**
 * Writes the folder, in place of what stands there.
 *
 * @param model the model's folder
 * @returns bytes
 */
export function writeFolder(output: string, model: string): number {
  const aside = `${output}.part`;
  fs.rmSync(aside, { recursive: true, force: true });
  fs.mkdirSync(aside, { recursive: true });
  const write = (name: string, data: string | Uint8Array) =>
    fs.writeFileSync(path.join(aside, name), data);
  const policy = policyOf({
    'script-src': "'self' 'wasm-unsafe-eval'",
    'worker-src': "'self'",
    'style-src': "'self'",
    'connect-src': "'self' blob:",
  });
  const head = '<link rel="stylesheet" href="page.css" />\n    <script src="page.js"></script>';
  write('index.html', page({ POLICY: policy, HEAD: head, DATA: '' }));
  for (const name of ['page.css', 'page.js', ...LOADED]) write(name, builtFile(name));
  write('README.md', SPACE);
  fs.cpSync(model, path.join(aside, 'model'), { recursive: true });
  fs.rmSync(output, { recursive: true, force: true });
  fs.renameSync(aside, output);
  return filesBelow(output).reduce(
    (sum, name) => sum + fs.statSync(path.join(output, name)).size,
    0,
  );
}

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** A script in a page, whose strings must not end the element that they stand in. */
const inline = (code: string) => code.replace(/<(?=\/script|!--)/gi, '\\x3c');

/**
 * One text that holds page, worker, engine and model.
 *
 * @param model the model's folder
 */
export function singlePage(model: string): string {
  const files: Record<string, Uint8Array> = Object.fromEntries(
    filesBelow(model).map((name) => [name, fs.readFileSync(path.join(model, name))]),
  );
  for (const name of LOADED) files[name] = builtFile(name);
  const archive = gzipSync(joined(files), { level: 9 });
  const [style, script] = [builtText('page.css'), inline(builtText('page.js'))];
  const policy = policyOf({
    'script-src': `${hash(script)} 'wasm-unsafe-eval' blob:`,
    'worker-src': 'blob:',
    'style-src': hash(style),
    'connect-src': 'blob:',
  });
  const held = `<script type="application/octet-stream" id="archive" data-size="${archive.length}">`;
  return page({
    POLICY: policy,
    HEAD: `<style>${style}</style>\n    <script>${script}</script>`,
    DATA: `${held}${toLetters(archive)}</script>`,
  });
}

/** Writes that text, whole or not at all. @returns bytes */
export function writeSingle(file: string, model: string): number {
  const html = singlePage(model);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.part`, html);
  fs.renameSync(`${file}.part`, file);
  return fs.statSync(file).size;
}
