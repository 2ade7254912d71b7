// npm run export-model: makes a run's model the one that ships in checkpoints/mnist-text-to-image, with its model
// card. `npm run export-model -- --help` tells the options.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { sha256 } from './setup/step.mjs';

const HELP = `npm run export-model -- --checkpoint FOLDER [options]
  --checkpoint FOLDER  a run's folder (its finished model or last checkpoint), a checkpoint or a kept model of it;
                       averaged weights if the run averaged
  --recipe NAME        the recipe it was trained by (default: best)
  --results FOLDER     what npm run evaluate wrote: the figures of these very weights go into the card
                       (default: runs/evaluation)
  --output FOLDER      (default: checkpoints/mnist-text-to-image)`;

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    recipe: { type: 'string', default: 'best' },
    results: { type: 'string' },
    output: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || !values.checkpoint) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

await setUpOrExit();
const require = createRequire(import.meta.url);
const sd = require(inRoot('dist', 'index.js'));
const { findMeasures, loadRunModel, modelCard, runOf, settingsOf, weightsHash } = require(
  inRoot('dist', 'mnist', 'evaluation', 'index.js'),
);

const { folder, parts } = loadRunModel(values.checkpoint);
const { recipe, steps } = runOf(folder);
const output = path.resolve(values.output ?? sd.SHIPPED_MODEL);
const aside = `${output}.part`;
fs.rmSync(aside, { recursive: true, force: true });
sd.saveCheckpoint(aside, parts);

const FILES = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  text_encoder: 'text_encoder/model.safetensors',
};
const results = path.resolve(values.results ?? inRoot('runs', 'evaluation'));
const rows = findMeasures(results, weightsHash(parts));
const settings = settingsOf(recipe, sd.RECIPES[values.recipe]);
const card = modelCard({
  name: values.recipe,
  recipe,
  steps,
  command: `npm run train -- --recipe ${values.recipe} ${settings}`.trimEnd(),
  averaged: recipe.trainer.ema !== undefined,
  rows,
  judge: rows[0]?.judge,
  parameters: {
    unet: sd.numParameters(parts.unet),
    text_encoder: sd.numParameters(parts.textEncoder),
  },
  sha256: Object.fromEntries(
    Object.entries(FILES).map(([part, file]) => [
      part,
      sha256(fs.readFileSync(path.join(aside, file))),
    ]),
  ),
});
fs.writeFileSync(path.join(aside, 'README.md'), card);
sd.writeManifest(aside);
fs.rmSync(output, { recursive: true, force: true });
fs.renameSync(aside, output);

const bytes = fs
  .readdirSync(output, { recursive: true })
  .map((name) => fs.statSync(path.join(output, name)))
  .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
console.log(
  `${output}: step ${steps} of recipe ${values.recipe}, ${(bytes / 1e6).toFixed(1)} MB, ` +
    `${rows.length} rows of figures.`,
);
process.exit();
