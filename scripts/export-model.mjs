// npm run export-model: makes a run's model the one that ships in checkpoints/mnist-text-to-image, or checkpoints/emoji-text-to-image,
// with its model card. `npm run export-model -- --help` tells the options.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, misuse, typed } from './command-line/command.mjs';
import { shippedFolder } from './commands/export-model.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { copyLicences, emojiFigures, halve } from './export/emoji.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { sha256 } from './setup/step.mjs';

const { values } = readCommandLine('export-model');
await setUpOrExit();
const sd = library();
const { emojiModelCard, findMeasures, loadRunModel, modelCard, runOf, settingsOf, weightsHash } =
  library('mnist/evaluation/index.js');
const isEmoji = values.recipe === 'emoji';
const { output = shippedFolder(values.recipe) } = values;

process.stderr.write(`Reads ${values.checkpoint} …\n`);
const given = checkedBy(commands['export-model'], '--checkpoint', () =>
  loadRunModel(values.checkpoint, { anyChannels: isEmoji }),
);
const { recipe, steps } = checkedBy(commands['export-model'], '--checkpoint', () =>
  runOf(given.folder),
);
if (isEmoji !== (recipe.data === 'emoji')) {
  misuse(commands['export-model'], [
    `--recipe ${values.recipe}: ${given.folder} was trained on ${recipe.data ?? 'mnist'}.`,
  ]);
}
const aside = `${output}.part`;
fs.rmSync(aside, { recursive: true, force: true });
sd.saveCheckpoint(aside, given.parts);

const FILES = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  text_encoder: 'text_encoder/model.safetensors',
};
if (isEmoji) {
  halve(aside, Object.values(FILES));
  copyLicences(aside);
}
/** What ships: the weights as they are in the files. */
const parts = isEmoji ? sd.loadCheckpoint(aside) : given.parts;
const results = values.results ?? inRoot('runs', 'evaluation');
const weights = weightsHash(parts);
const rows = isEmoji
  ? await emojiFigures(findMeasures, { folder: aside, results, weights })
  : findMeasures(results, weights);
if (rows === null) process.exit(130);
const settings = settingsOf(recipe, sd.RECIPES[values.recipe]);
const facts = {
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
};
const card = isEmoji
  ? emojiModelCard({ ...facts, trained: sd.emojiReference().training.length })
  : modelCard(facts);
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
const shows = isEmoji ? '20-text-to-emoji' : '05-sample 06-guidance-sweep';
console.log(
  rows.length === 0
    ? `Its card has no figures yet: npm run evaluate -- --checkpoint ${typed(output)}, then this command again.`
    : `Next: npm run notebooks -- --in-place ${shows}, which show it`,
);
process.exit();
