import fs from 'node:fs';
import path from 'node:path';
import { choice, newFolder, oldFolder } from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';
import { modelFolder } from './models.mjs';
import { DIGIT_RECIPES } from './names.mjs';

/** The folder is replaced as a whole: what is no model must not be lost. */
function check({ output }) {
  const isNew = !fs.existsSync(output) || fs.readdirSync(output).length === 0;
  if (isNew || fs.existsSync(path.join(output, 'model_index.json'))) return null;
  return `--output ${output}: expected a new folder or a model's, which is replaced; that one holds something else.`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const exportModel = {
  name: 'export-model',
  run: 'npm run export-model',
  summary:
    "Makes a run's model the one that ships in checkpoints/mnist-text-to-image, with its model card.",
  options: {
    checkpoint: {
      kind: modelFolder,
      also: ['model', 'run', 'from', 'folder'],
      help:
        "a run's folder (its finished model or last checkpoint), a checkpoint or a kept model of it; averaged weights " +
        'if the run averaged',
    },
    recipe: { kind: choice(DIGIT_RECIPES), default: 'best', help: 'the recipe it was trained by' },
    results: {
      kind: oldFolder('a folder that npm run evaluate has written', () => null),
      byDefault: 'runs/evaluation',
      help: 'what npm run evaluate wrote: the figures of these very weights go into the card',
    },
    output: {
      kind: newFolder,
      default: inRoot('checkpoints', 'mnist-text-to-image'),
      byDefault: 'checkpoints/mnist-text-to-image',
      help: 'where the model goes',
    },
  },
  mustHave: ['checkpoint'],
  check,
  example: 'npm run export-model -- --checkpoint runs/best',
};
