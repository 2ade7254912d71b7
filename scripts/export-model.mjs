// npm run export-model: makes a run's model the one that ships in checkpoints/mnist-text-to-image, with its model
// card. `npm run export-model -- --help` tells the options.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, typed } from './command-line/command.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { sha256 } from './setup/step.mjs';

const { values } = readCommandLine('export-model');
await setUpOrExit();
const sd = library();
const { findMeasures, loadRunModel, modelCard, runOf, settingsOf, weightsHash } = library(
  'mnist/evaluation/index.js',
);

process.stderr.write(`Reads ${values.checkpoint} …\n`);
const { folder, parts } = checkedBy(commands['export-model'], '--checkpoint', () =>
  loadRunModel(values.checkpoint),
);
const { recipe, steps } = checkedBy(commands['export-model'], '--checkpoint', () => runOf(folder));
const { output } = values;
const aside = `${output}.part`;
fs.rmSync(aside, { recursive: true, force: true });
sd.saveCheckpoint(aside, parts);

const FILES = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  text_encoder: 'text_encoder/model.safetensors',
};
const results = values.results ?? inRoot('runs', 'evaluation');
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
console.log(
  rows.length === 0
    ? `Its card has no figures yet: npm run evaluate -- --checkpoint ${typed(output)}, then this command again.`
    : 'Next: npm run notebooks -- --in-place 05-sample 06-guidance-sweep, which show it',
);
process.exit();
