// npm run evaluate: draws digits with a checkpoint and measures them, or measures images made elsewhere. Can be
// stopped at any time; the same command goes on. `npm run evaluate -- --help` tells the options.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const HELP = `npm run evaluate -- --checkpoint FOLDER [options]
  --checkpoint FOLDER  a model's folder, a training checkpoint, or a run's folder (its last checkpoint)
  --drawn FILE         instead: images drawn elsewhere, a safetensors file with 'images' [N, 28, 28] and
                       'labels' [N], both uint8
  --scheduler NAME     ddpm (default), ddim, dpm-solver++, sde-dpm-solver++, euler or heun
  --spacing NAME       timestep spacing: leading, trailing or linspace (default: the checkpoint's)
  --config JSON        changes of the scheduler's config, such as {"thresholding":true}
  --steps N            sampling steps (default: 50)
  --guidance S,S,…     guidance scales (default: 1)
  --images N           a multiple of 10 (default: 1000)
  --batch N            images at once (default: 100)
  --seed N             (default: 0)
  --generate JSON      further options of generate, such as {"guidanceRescale":0.7}
  --best MODE          of a run's checkpoints the one with the lowest (min) or highest (max) metric
  --last-weights       the last weights of a training checkpoint, not the averaged ones
  --sanity             rows for real images, shuffled prompts and noise
  --judge FOLDER       (default: checkpoints/judge)
  --output FOLDER      images and measures-N.json of each row, by the weights' hash (default: runs/evaluation)
  --plot FILE          also accuracy, nearness and diversity over the guidance scales of a checkpoint, as .svg or .png
  --report FILE        the rows of this call, once all are there (default: results.json in the folder of --output)`;

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    drawn: { type: 'string' },
    scheduler: { type: 'string', default: 'ddpm' },
    spacing: { type: 'string' },
    config: { type: 'string', default: '{}' },
    steps: { type: 'string', default: '50' },
    guidance: { type: 'string', default: '1' },
    images: { type: 'string', default: '1000' },
    batch: { type: 'string', default: '100' },
    seed: { type: 'string', default: '0' },
    generate: { type: 'string', default: '{}' },
    best: { type: 'string' },
    'last-weights': { type: 'boolean', default: false },
    sanity: { type: 'boolean', default: false },
    judge: { type: 'string', default: inRoot('checkpoints', 'judge') },
    output: { type: 'string', default: inRoot('runs', 'evaluation') },
    plot: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const hasRows = values.checkpoint || (!values.plot && (values.drawn || values.sanity));
const isMode = [undefined, 'min', 'max'].includes(values.best);
if (values.help || !hasRows || !isMode) {
  if (!isMode) console.error(`Expected --best min or --best max, got ${values.best}.\n`);
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

await setUpOrExit();
const require = createRequire(import.meta.url);
const sd = require(inRoot('dist', 'notebook.js'));
const { columnsOf, confusionTable, drawingName, loadRunModel, saveMeasures, weightsHash } = require(
  inRoot('dist', 'mnist', 'evaluation', 'index.js'),
);

const numImages = Number(values.images);
const judge = sd.Judge.load(values.judge);
const test = sd.loadMnist({ split: 'test', source: 'full' });
const reference = sd.realReference(judge, test, numImages);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());

/** One line that counts up; where it would fill a file, a line only now and then. */
let told = '';
function tell(name, share) {
  const { isTTY } = process.stderr;
  const percent = isTTY ? Math.round(100 * share) : 10 * Math.floor(10 * share);
  const text = `${name}  ${percent} %  `;
  if (text === told) return;
  told = text;
  process.stderr.write(isTTY ? `\r${text}` : `${text.trim()}\n`);
}

/** What real images give at the number of the last row. */
let real = reference.floor;
const rows = [];
const add = (name, facts, comparison) => rows.push({ name, ...facts, ...comparison });

function drawnElsewhere() {
  const { tensors } = sd.readSafetensors(values.drawn);
  const [images, labels] = ['images', 'labels'].map((name) => tensors.get(name).data);
  const set = { images: sd.unitImages(images), labels: Uint8Array.from(labels) };
  const { sets, floor } = sd.realReference(judge, test, labels.length);
  const name = path.basename(values.drawn, '.safetensors');
  add(name, { settings: {} }, sd.compareImages(judge, set, sets, floor));
  real = floor;
}

async function drawnHere() {
  const { folder, parts } = loadRunModel(values.checkpoint, {
    averaged: !values['last-weights'],
    best: values.best,
  });
  const weights = weightsHash(parts);
  const spacing = values.spacing && { timestep_spacing: values.spacing };
  const changes = JSON.parse(values.config);
  const scheduler = sd.makeSampler(values.scheduler, parts.scheduler.config, {
    ...spacing,
    ...changes,
  });
  const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
  for (const guidanceScale of values.guidance.split(',').map(Number)) {
    const numInferenceSteps = Number(values.steps);
    const more = JSON.parse(values.generate);
    const settings = { scheduler: values.scheduler, spacing: scheduler.config.timestep_spacing };
    Object.assign(settings, { steps: numInferenceSteps, guidanceScale, ...changes, ...more });
    const name = drawingName({
      scheduler: values.scheduler,
      spacing: values.spacing,
      steps: numInferenceSteps,
      guidanceScale,
      more: { ...changes, ...more },
      seed: values.seed,
      batchSize: values.batch,
    });
    const own = path.join(values.output, `${weights}-${name}`);
    const evaluation = sd.evaluate(
      { pipeline, judge, test },
      {
        seed: Number(values.seed),
        numImages,
        batchSize: Number(values.batch),
        numInferenceSteps,
        guidanceScale,
        ...more,
        folder: own,
        signal: stop.signal,
        onProgress: (share) => tell(name, share),
      },
      reference,
    );
    const found = await evaluation.catch((error) => {
      if (stop.signal.aborted) return null;
      throw error;
    });
    if (process.stderr.isTTY) process.stderr.write('\n');
    if (found === null) return false;
    const { real: floor, ...comparison } = found;
    add(`${path.basename(folder)} ${name}`, { weights, settings }, comparison);
    saveMeasures(own, { weights, settings, judge: judge.card, real: floor, ...comparison });
  }
  pipeline.dispose();
  return true;
}

if (values.sanity) {
  for (const [name, row] of sd.sanityRows(judge, reference)) add(name, { settings: {} }, row);
}
if (values.drawn) drawnElsewhere();
const finished = !values.checkpoint || (await drawnHere());

const file = values.report ?? path.join(values.output, 'results.json');
if (finished) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const report = { judge: judge.card, real, rows };
  fs.writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}
console.log(String(sd.table(rows.map(columnsOf))));
if (rows.length === 1) console.log(`\n${sd.table(confusionTable(rows[0]))}`);
console.log(`\nReal against real: Fréchet ${real.frechet.toFixed(2)}.`);
if (finished && values.plot) {
  const points = rows.filter(({ settings }) => settings.guidanceScale !== undefined);
  await sd
    .guidancePlot(points.map(({ settings, ...row }) => ({ ...settings, ...row })))
    .save(values.plot);
  console.log(values.plot);
}
console.log(finished ? file : 'Stopped; the same command goes on.');
process.exit(finished ? 0 : 130);
