import fs from 'node:fs';
import path from 'node:path';
import { choice, newFolder, oldFolder } from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';
import { modelFolder } from './models.mjs';
import { SHIPPING_RECIPES } from './names.mjs';

/** Where the model of a recipe ships. */
export const shippedFolder = (recipe) =>
  inRoot('checkpoints', recipe === 'emoji' ? 'emoji-text-to-image' : 'mnist-text-to-image');

/** The folder is replaced as a whole: what is no model must not be lost. */
function check({ recipe, output = shippedFolder(recipe) }) {
  const isNew = !fs.existsSync(output) || fs.readdirSync(output).length === 0;
  if (isNew || fs.existsSync(path.join(output, 'model_index.json'))) return null;
  return `--output ${output}: expected a new folder or a model's, which is replaced; that one holds something else.`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const exportModel = {
  name: 'export-model',
  run: 'npm run export-model',
  summary:
    "Makes a run's model the one that ships in checkpoints/mnist-text-to-image, or with --recipe emoji in " +
    'checkpoints/emoji-text-to-image, with its model card. That of emoji is measured, too, if it was not yet.',
  options: {
    checkpoint: {
      kind: modelFolder,
      also: ['model', 'run', 'from', 'folder'],
      help:
        "a run's folder (its finished model or last checkpoint), a checkpoint or a kept model of it; averaged weights " +
        'if the run averaged',
    },
    recipe: {
      kind: choice(SHIPPING_RECIPES),
      default: 'best',
      help: 'the recipe it was trained by',
    },
    results: {
      kind: oldFolder('a folder that npm run evaluate has written', () => null),
      byDefault: 'runs/evaluation',
      help: 'what npm run evaluate wrote: the figures of these very weights go into the card',
    },
    output: {
      kind: newFolder,
      byDefault: 'checkpoints/mnist-text-to-image; checkpoints/emoji-text-to-image for emoji',
      help: 'where the model goes',
    },
  },
  mustHave: ['checkpoint'],
  check,
  example: 'npm run export-model -- --checkpoint runs/best',
};
