import fs from 'node:fs';
import path from 'node:path';
import { oldFolder } from '../command-line/kinds.mjs';
import { root } from '../setup/paths.mjs';

function cloneProblem(place) {
  if (fs.realpathSync(place) === fs.realpathSync(root)) return 'That is this clone itself.';
  try {
    const { name } = JSON.parse(fs.readFileSync(path.join(place, 'package.json'), 'utf8'));
    if (name !== 'stable-diffusion-mnist') return `That is ${name}.`;
  } catch {
    return 'It has no package.json that can be read.';
  }
  return fs.existsSync(path.join(place, 'dist', 'index.js'))
    ? null
    : 'It is not set up: run npm run setup in it.';
}

/** @type {import('../command-line/parse.mjs').Command} */
export const compare = {
  name: 'compare',
  run: 'npm run compare',
  summary:
    'Whether another clone of the library, such as one of an earlier commit, computes and writes the same, to the bit: ' +
    'trainings, a resumed run, images of the model that ships, all files.',
  options: {},
  words: {
    shown: 'FOLDER',
    kind: oldFolder('the folder of another clone that is set up', cloneProblem),
    help: 'the other clone, after its own npm run setup',
    least: 1,
    most: 1,
  },
  example: 'npm run compare -- ../earlier',
};
