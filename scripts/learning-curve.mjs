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
  --images N                 images of each model, DDPM with 50 steps, no guidance (default: 200)
  --output FILE              the plot (default: runs/learning-curve.svg)
What \`npm run evaluate\` has drawn of a model is not drawn again.`;

const { values } = parseArgs({
  options: {
    run: { type: 'string', multiple: true, default: [] },
    images: { type: 'string', default: '200' },
    output: { type: 'string', default: inRoot('runs', 'learning-curve.svg') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.run.length === 0) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

const runs = values.run.map((text) => {
  const [, name, folder, seconds] = /^(.+?)=(.+)@([\d.]+)$/.exec(text) ?? [];
  const steps = (fs.existsSync(folder ?? '') ? fs.readdirSync(folder) : [])
    .map((entry) => Number(/^model-(\d+)$/.exec(entry)?.[1] ?? 0))
    .filter((step) => step > 0)
    .sort((a, b) => a - b);
  if (steps.length === 0) {
    console.error(`Expected --run NAME=FOLDER@SECONDS with FOLDER/model-STEP, got ${text}.`);
    process.exit(2);
  }
  return { name, folder, seconds: Number(seconds), steps };
});

await setUpOrExit();
const sd = createRequire(import.meta.url)(inRoot('dist', 'index.js'));
const { Figure } = createRequire(import.meta.url)(inRoot('dist', 'display', 'figure.js'));

/** The measures of one model, by the command that a reader would type. */
function measuresOf(model) {
  const output = inRoot('runs', 'evaluation');
  const args = ['--checkpoint', model, '--images', values.images, '--output', output];
  execFileSync(process.execPath, [inRoot('scripts', 'evaluate.mjs'), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return JSON.parse(fs.readFileSync(path.join(output, 'results.json'), 'utf8')).rows[0];
}

const points = runs.flatMap(({ name, folder, seconds, steps }) =>
  steps.map((step) => {
    const { overall, frechetRatio } = measuresOf(path.join(folder, `model-${step}`));
    return { name, step, minutes: (step * seconds) / 60, ...overall, frechetRatio };
  }),
);

const percent = (share) => `${(100 * share).toFixed(1)} %`;
console.log(
  String(
    sd.table(
      points.map(({ name, step, minutes, share, low, high, frechetRatio }) => ({
        run: name,
        step,
        minutes: minutes.toFixed(1),
        accuracy: percent(share),
        '95 % interval': `${percent(low)} – ${percent(high)}`,
        'Fréchet over real': frechetRatio.toFixed(2),
      })),
    ),
  ),
);

const COLORS = ['#0072b2', '#009e73', '#d55e00', '#cc79a7'];
const DASHES = ['solid', 'dash', 'dot', 'dashdot'];
const data = runs.map(({ name }, i) => {
  const own = points.filter((point) => point.name === name);
  const of = (value) => own.map(value);
  return {
    ...{ type: 'scatter', mode: 'lines+markers', name },
    ...{ x: of(({ minutes }) => minutes), y: of(({ share }) => 100 * share) },
    error_y: {
      ...{ type: 'data', symmetric: false },
      array: of(({ share, high }) => 100 * (high - share)),
      arrayminus: of(({ share, low }) => 100 * (share - low)),
    },
    line: { color: COLORS[i % 4], dash: DASHES[i % 4] },
  };
});
const axis = { gridcolor: '#e5e5e5', automargin: true };
const layout = {
  ...{ width: 700, height: 400, plot_bgcolor: 'white', font: { size: 13 } },
  margin: { l: 60, r: 20, t: 40, b: 50 },
  legend: { orientation: 'h', x: 0.5, xanchor: 'center', y: 1.15, entrywidth: 150 },
  xaxis: { ...axis, title: { text: 'Minutes of training' }, rangemode: 'tozero' },
  yaxis: { ...axis, title: { text: 'Digits that are right, %' }, range: [0, 101] },
  shapes: [
    {
      ...{ type: 'line', xref: 'paper', x0: 0, x1: 1, y0: 95, y1: 95 },
      line: { color: '#666666', width: 1, dash: 'dot' },
    },
  ],
};
const alt = `Share of right digits against minutes of training: ${runs.map(({ name }) => name).join(', ')}; a line at 95 %.`;
fs.mkdirSync(path.dirname(values.output), { recursive: true });
await new Figure(data, layout, { alt }).save(values.output);
console.log(values.output);
