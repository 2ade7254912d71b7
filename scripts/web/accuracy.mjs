// Do weights of int8 and float16 draw worse? The model that ships draws the same 1,000 digits with each kind of weights of
// `npm run web`, and the judge reads them.
//
//   node scripts/web/accuracy.mjs [DIGITS]     default: 1,000, a multiple of 100
import { library } from '../command-line/command.mjs';
import { inRoot } from '../setup/paths.mjs';
import { modelFiles } from './made-page.mjs';

const DIGITS = Number(process.argv[2] ?? 1000);
const STEPS = 10;

library();
const { withPageModel } = library('page/page-model.js');
const { loadRunModel } = library('mnist/evaluation/run-model.js');
const { drawDigits } = library('mnist/evaluation/generated-images.js');
const { promptedAccuracy } = library('mnist/evaluation/prompted-accuracy.js');
const { Judge } = library('mnist/evaluation/judge.js');
const { loadPipeline } = library('web/load-pipeline.js');
const { makeSampler } = library('schedulers/samplers.js');

const { parts } = loadRunModel(inRoot('checkpoints', 'mnist-text-to-image'));
const judge = Judge.load(inRoot('checkpoints', 'judge'));

/** The files that a page would hold. */
const filesOf = (format) => withPageModel(parts, format, modelFiles);

const rows = [];
for (const format of ['float32', 'float16', 'int8']) {
  const pipeline = await loadPipeline(filesOf(format));
  pipeline.scheduler = makeSampler('dpm-solver++', pipeline.scheduler.config);
  const options = { numImages: DIGITS, numInferenceSteps: STEPS, seed: 0 };
  const { images, labels } = await drawDigits(pipeline, options);
  pipeline.dispose();
  const { predictions } = judge.judge(images);
  rows.push({ format, ...promptedAccuracy(labels, predictions).overall });
}
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const [{ low, high }] = rows;
console.log(`${DIGITS} digits, DPM-Solver++, ${STEPS} steps, without guidance:\n`);
console.log('| weights | as asked for | 95 % interval |\n| --- | --- | --- |');
for (const row of rows)
  console.log(
    `| ${row.format} | ${percent(row.share)} | ${percent(row.low)} – ${percent(row.high)} |`,
  );
const isWithin = rows.every(({ share }) => share >= low && share <= high);
console.log(`\n${isWithin ? 'All are' : 'Not all are'} within the interval of float32.`);
process.exit(isWithin ? 0 : 1);
