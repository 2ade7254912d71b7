// npm run evaluate: draws digits with a checkpoint and measures them, or measures images made elsewhere. Can be
// stopped at any time; the same command goes on. `npm run evaluate -- --help` tells the options.
import fs from 'node:fs';
import path from 'node:path';
import { checkedBy, library, misuse, typed } from './command-line/command.mjs';
import { Progress } from './command-line/progress.mjs';
import { batchFor, furtherOptions, IMAGES } from './commands/evaluate.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { evaluateEmoji } from './evaluate/emoji.mjs';
import { askedSampler } from './evaluate/sampler.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { stopSignal } from './setup/signals.mjs';

const { values } = readCommandLine('evaluate');
const { images: numImages = IMAGES, batch: batchSize = batchFor(numImages) } = values;
const { guidance = [1], judge: judgeFolder = inRoot('checkpoints', 'judge') } = values;

await setUpOrExit();
if (values.data === 'emoji') process.exit(await evaluateEmoji(values, stopSignal()));
const sd = library('notebook.js');
const { columnsOf, confusionTable, drawingName, loadRunModel, saveMeasures, weightsHash } = library(
  'mnist/evaluation/index.js',
);

const say = (text) => process.stderr.write(`${text}\n`);
say('The judge looks at real images …');
const judge = sd.Judge.load(judgeFolder);
const test = sd.loadMnist({ split: 'test', source: 'full' });
const reference = await sd.realReference(judge, test, numImages);
const stop = stopSignal();

/** What real images give at the number of the last row. */
let real = reference.floor;
const rows = [];
const add = (name, facts, comparison) => rows.push({ name, ...facts, ...comparison });

async function drawnElsewhere() {
  const [images, labels] = checkedBy(commands.evaluate, '--drawn', () => {
    const { tensors } = sd.readSafetensors(values.drawn);
    const found = ['images', 'labels'].map((name) => tensors.get(name));
    const [shape, numLabels] = [found[0]?.shape ?? [], found[1]?.shape[0]];
    const isWhole = found.every((tensor) => tensor?.dtype === 'U8') && shape[0] === numLabels;
    if (isWhole && shape.length === 3 && shape[1] === 28 && shape[2] === 28) {
      return found.map(({ data }) => data);
    }
    const has = [...tensors].map(([name, { dtype, shape: own }]) => `${name} ${dtype} [${own}]`);
    throw new Error(
      `expected images U8 [N, 28, 28] and labels U8 [N], got ${has.join(', ') || 'nothing'}.`,
    );
  });
  const set = { images: sd.unitImages(images), labels: Uint8Array.from(labels) };
  const { sets, floor } = await sd.realReference(judge, test, labels.length);
  const name = path.basename(values.drawn, '.safetensors');
  add(name, { settings: {} }, sd.compareImages(judge, set, sets, floor));
  real = floor;
}

/** The library's rules for numbers of steps and for --generate are told as they are: no fault of the program. */
async function measured(parts, options) {
  try {
    return await sd.evaluate(parts, options, reference);
  } catch (error) {
    if (stop.aborted) return null;
    if (!(error instanceof RangeError)) throw error;
    return misuse(commands.evaluate, [error.message]);
  }
}

/** A model of something else than digits is no fault of the program; a damaged one is told with its trace. */
function loadedModel() {
  const { checkpoint, best, 'last-weights': last } = values;
  try {
    return loadRunModel(checkpoint, { averaged: !last, best });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return misuse(commands.evaluate, [`--checkpoint: ${error.message}`]);
  }
}

async function drawnHere() {
  const { folder, parts } = loadedModel();
  const weights = weightsHash(parts);
  const { config: changes, steps: numInferenceSteps } = values;
  const more = furtherOptions(values);
  const { name: samplerName, scheduler } = askedSampler(sd, commands.evaluate, {
    folder,
    scheduler: parts.scheduler,
    name: values.scheduler,
    spacing: values.spacing,
    changes,
  });
  const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
  for (const guidanceScale of guidance) {
    const settings = { scheduler: samplerName, spacing: scheduler.config.timestep_spacing };
    Object.assign(settings, { steps: numInferenceSteps, guidanceScale, ...changes, ...more });
    const name = drawingName({
      scheduler: samplerName,
      spacing: values.spacing,
      steps: numInferenceSteps,
      guidanceScale,
      more: { ...changes, ...more },
      seed: values.seed,
      batchSize,
    });
    const own = path.join(values.output, `${weights}-${name}`);
    say(`${name}: drawing ${numImages} images …`);
    const total = (numImages / batchSize) * numInferenceSteps;
    const progress = new Progress({ total, every: 10 });
    const settingsOfRow = { seed: values.seed, numImages, batchSize, numInferenceSteps };
    const found = await measured(
      { pipeline, judge, test },
      {
        ...settingsOfRow,
        guidanceScale,
        ...more,
        folder: own,
        signal: stop,
        progressBar: false,
        onProgress: (share) => {
          const done = Math.round(share * total);
          progress.update(done);
          if (done < total) return;
          progress.end();
          say('Measuring them …');
        },
      },
    );
    progress.end();
    if (found === null) return false;
    const { real: floor, ...comparison } = found;
    add(`${path.basename(folder)} ${name}`, { weights, settings }, comparison);
    saveMeasures(own, { weights, settings, judge: judge.card, real: floor, ...comparison });
  }
  pipeline.dispose();
  return true;
}

if (values.sanity) {
  for (const [name, row] of await sd.sanityRows(judge, reference)) add(name, { settings: {} }, row);
}
if (values.drawn) await drawnElsewhere();
const finished = !values.checkpoint || (await drawnHere());

const file = values.report ?? path.join(values.output, 'results.json');
if (finished) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const report = { judge: judge.card, real, rows };
  fs.writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
if (rows.length > 0) console.log(String(sd.table(rows.map(columnsOf))));
if (rows.length === 1) console.log(`\n${sd.table(confusionTable(rows[0]))}`);
console.log(`\nReal against real: Fréchet ${real.frechet.toFixed(2)}.`);
if (finished && values.plot) {
  const points = rows.filter(({ settings }) => settings.guidanceScale !== undefined);
  await sd
    .guidancePlot(points.map(({ settings, ...row }) => ({ ...settings, ...row })))
    .save(values.plot);
  console.log(`Plot: ${values.plot}`);
}
console.log(finished ? `Saved: ${file}` : 'Stopped: run the same command again to go on.');
const isRun = (place) => fs.existsSync(path.join(place, 'recipe.json'));
if (
  finished &&
  values.checkpoint &&
  [values.checkpoint, path.dirname(values.checkpoint)].some(isRun)
) {
  console.log(
    `Next: npm run export-model -- --checkpoint ${typed(values.checkpoint)}, if it is to ship`,
  );
}
process.exit(finished ? 0 : 130);
