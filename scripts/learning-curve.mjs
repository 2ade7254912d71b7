// npm run learning-curve: accuracy against the time that training has taken, of the models kept on the way
// (`npm run train -- --keep …`), as a table and a plot. `npm run learning-curve -- --help` tells the options.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { library } from './command-line/command.mjs';
import { readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = readCommandLine('learning-curve');
const runs = values.run.map(({ steps, ...run }) => ({
  ...run,
  steps: steps.filter((step) => step <= values.until),
}));

await setUpOrExit();
const sd = library('notebook.js');
const { columnsOf } = library('mnist/evaluation/index.js');
const { timeTo, timeToText } = library('metrics/time-to.js');

const numModels = runs.reduce((sum, { steps }) => sum + steps.length, 0);
let measuredModels = 0;

/** The measures of one model, by the command that a reader would type. */
function measuresOf(model) {
  process.stderr.write(`model ${++measuredModels} of ${numModels}: ${model}\n`);
  const output = inRoot('runs', 'evaluation');
  const options = ['images', 'scheduler', 'steps', 'guidance'];
  const given = options.filter((option) => values[option] !== undefined);
  const drawn = given.flatMap((option) => [`--${option}`, String(values[option])]);
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
console.log(`Plot: ${values.output}`);
