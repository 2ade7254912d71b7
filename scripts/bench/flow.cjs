// Flow matching against diffusion after the same training: how many steps does each take to draw?
//
//   npm run train -- --recipe flow && npm run train -- --recipe adamw && node scripts/bench/flow.cjs [IMAGES] [FLOW] [ADAMW]
//
// `adamw` has the same seed, batches, rate and number of steps; FLOW and ADAMW are the runs' folders. Drawn without guidance,
// measured by the judge. Can be stopped; the same command goes on. Writes docs/images/flow-steps.svg.
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const sd = require(path.join(root, 'dist', 'notebook.js'));
const { columnsOf, loadRunModel } = require(
  path.join(root, 'dist', 'mnist', 'evaluation', 'index.js'),
);

const [
  images = 1000,
  flowRun = path.join(root, 'runs', 'flow'),
  adamwRun = path.join(root, 'runs', 'adamw'),
] = process.argv.slice(2);
const [numImages, batchSize, seed] = [Number(images), 100, 42];
const STEPS = [4, 8, 16, 50];
const COLUMNS = ['accuracy', '95 % interval', 'Fréchet (95 %)', 'over real'];

const modelOf = (of) => loadRunModel(of, { averaged: true }).parts;

function ways() {
  const flow = modelOf(flowRun);
  const adamw = modelOf(adamwRun);
  const drawn = (name) => ({
    ...adamw,
    scheduler: sd.makeSampler(name, adamw.scheduler.config),
  });
  return {
    'flow, Euler': flow,
    'adamw, DDIM': drawn('ddim'),
    'adamw, DPM-Solver++ (SDE)': drawn('sde-dpm-solver++'),
  };
}

async function main() {
  const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
  const test = sd.loadMnist({ split: 'test', source: 'full' });
  const reference = await sd.realReference(judge, test, numImages);
  const rows = [];
  const lines = {};
  for (const [way, parts] of Object.entries(ways())) {
    const pipeline = new sd.TextToImagePipeline(parts);
    const line = { x: STEPS, y: [], low: [], high: [] };
    lines[way.replace('DPM-Solver++ (SDE)', 'SDE')] = line; // as long as a legend has room for
    for (const numInferenceSteps of STEPS) {
      const key = `${way.replace(/\W+/g, '-')}-${numInferenceSteps}-${numImages}`;
      const options = { numImages, batchSize, seed, numInferenceSteps, progressBar: false };
      const own = path.join(root, 'runs', 'flow-steps', key);
      const measured = { ...options, folder: own };
      const found = await sd.evaluate({ pipeline, judge, test }, measured, reference);
      const { share, low, high } = found.overall;
      line.y.push(100 * share);
      line.low.push(100 * low);
      line.high.push(100 * high);
      const columns = columnsOf({ name: way, ...found });
      const row = { model: way, steps: numInferenceSteps };
      for (const column of COLUMNS) row[column] = columns[column];
      rows.push(row);
      console.error(Object.values(row).join('  '));
    }
    pipeline.dispose();
  }
  console.log(String(sd.table(rows)));
  const figure = sd.linePlot(lines, {
    title: 'The same training, by flow matching and by diffusion',
    xTitle: 'steps of sampling',
    yTitle: 'right digit, %',
  });
  await figure.save(path.join(root, 'docs', 'images', 'flow-steps.svg'));
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
