// npm run learning-curve: accuracy against the time that training has taken, of the models kept on the way
// (`npm run train -- --keep …`), as a table and a plot. `npm run learning-curve -- --help` tells the options.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const HELP = `npm run learning-curve -- --run "NAME=FOLDER@SECONDS" [--run …] [options]
  --run NAME=FOLDER@SECONDS  a run: its folder with model-STEP in it, and the seconds that a step took
  --images N, --scheduler NAME, --steps N, --guidance S
                             what is drawn of each model (default: 200 images, DDPM with 50 steps, no guidance)
  --until STEP               only models up to this step (default: all)
  --output FILE              the plot (default: runs/learning-curve.svg)
What \`npm run evaluate\` has drawn of a model is not drawn again.`;

const { values } = parseArgs({
  options: {
    run: { type: 'string', multiple: true, default: [] },
    images: { type: 'string', default: '200' },
    scheduler: { type: 'string', default: 'ddpm' },
    steps: { type: 'string', default: '50' },
    guidance: { type: 'string', default: '1' },
    until: { type: 'string', default: 'Infinity' },
    output: { type: 'string', default: inRoot('runs', 'learning-curve.svg') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.run.length === 0) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const until = Number(values.until);
if (!(until > 0)) {
  console.error(`Expected --until STEP, a step above 0, got ${values.until}.`);
  process.exit(2);
}

const runs = values.run.map((text) => {
  const [, name, folder, seconds] = /^(.+?)=(.+)@([\d.]+)$/.exec(text) ?? [];
  const steps = (fs.existsSync(folder ?? '') ? fs.readdirSync(folder) : [])
    .map((entry) => Number(/^model-(\d+)$/.exec(entry)?.[1] ?? 0))
    .filter((step) => step > 0 && step <= until)
    .sort((a, b) => a - b);
  if (steps.length === 0) {
    console.error(`Expected --run NAME=FOLDER@SECONDS with FOLDER/model-STEP, got ${text}.`);
    process.exit(2);
  }
  return { name, folder, seconds: Number(seconds), steps };
});

await setUpOrExit();
const require = createRequire(import.meta.url);
const sd = require(inRoot('dist', 'notebook.js'));
const { columnsOf } = require(inRoot('dist', 'mnist', 'evaluation', 'index.js'));
const { timeTo, timeToText } = require(inRoot('dist', 'metrics', 'time-to.js'));

/** The measures of one model, by the command that a reader would type. */
function measuresOf(model) {
  const output = inRoot('runs', 'evaluation');
  const options = ['images', 'scheduler', 'steps', 'guidance'];
  const drawn = options.flatMap((option) => [`--${option}`, values[option]]);
  const args = ['--checkpoint', model, ...drawn, '--output', output];
  execFileSync(process.execPath, [inRoot('scripts', 'evaluate.mjs'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return JSON.parse(fs.readFileSync(path.join(output, 'results.json'), 'utf8')).rows[0];
}

const curves = runs.map(({ name, folder, seconds, steps }) => ({
  name,
  points: steps.map((step) => {
    const measures = measuresOf(path.join(folder, `model-${step}`));
    return { name, step, minutes: (step * seconds) / 60, measures };
  }),
}));
const points = curves.flatMap((curve) => curve.points);

/** The share of right digits whose time is told. */
const WANTED = 0.95;
const COLUMNS = ['accuracy', '95 % interval', 'over real'];
const rows = points.map(({ name, step, minutes, measures }) => {
  const columns = columnsOf(measures);
  const shown = Object.fromEntries(COLUMNS.map((column) => [column, columns[column]]));
  return { run: name, step, minutes: minutes.toFixed(1), ...shown };
});
console.log(String(sd.table(rows)));

for (const { name, points: own } of curves) {
  const shares = own.map(({ minutes, measures }) => ({ minutes, ...measures.overall }));
  const time = timeToText(timeTo(shares, WANTED), own.at(-1).minutes);
  console.log(`${name}: ${100 * WANTED} % right: ${time}`);
}

const lines = curves.map(({ name, points: own }) => {
  const percents = (key) => own.map(({ measures }) => 100 * measures.overall[key]);
  const [y, low, high] = ['share', 'low', 'high'].map(percents);
  return [name, { x: own.map(({ minutes }) => minutes), y, low, high }];
});
const longest = points.reduce((most, { minutes }) => Math.max(most, minutes), 0);
const wanted = [`${100 * WANTED} %`, { x: [0, longest], y: [100 * WANTED, 100 * WANTED] }];
const figure = sd.linePlot(Object.fromEntries([...lines, wanted]), {
  title: 'Digits that are right, by the time of training',
  xTitle: 'minutes of training',
  yTitle: '%',
  yRange: [0, 101],
});
fs.mkdirSync(path.dirname(values.output), { recursive: true });
await figure.save(values.output);
console.log(values.output);
