// The page that `npm run web` makes, for scripts that try it; and its model's files, for Node to draw with the same weights.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { library } from '../command-line/command.mjs';
import { inRoot } from '../setup/paths.mjs';

/** @param {string[]} args of the command @throws Error with what it printed, if it fails */
export function makePage(...args) {
  const script = inRoot('scripts', 'web.mjs');
  const made = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stdout + made.stderr);
}

/** @returns {Record<string, Buffer>} for loadPipeline */
export function modelFiles(folder) {
  const { filesBelow } = library('io/runs/manifest.js');
  const read = (name) => [name, fs.readFileSync(path.join(folder, name))];
  return Object.fromEntries(filesBelow(folder).map(read));
}
