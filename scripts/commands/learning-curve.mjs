import fs from 'node:fs';
import path from 'node:path';
import { count, Misfit, newFile, number } from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';
import { drawing, images } from './evaluate.mjs';

/** The steps of a run's kept models. */
const keptSteps = (folder) =>
  fs
    .readdirSync(folder)
    .map((entry) => Number(/^model-(\d+)$/.exec(entry)?.[1] ?? 0))
    .filter((step) => step > 0)
    .sort((a, b) => a - b);

/** @type {import('../command-line/kinds.mjs').Kind} */
const run = {
  shown: 'NAME=FOLDER@SECONDS',
  expected: 'NAME=FOLDER@SECONDS, such as adamw=runs/adamw@1.65',
  read(text) {
    const [, name, given, time] = /^(.+?)=(.+)@([\d.]+)$/.exec(text) ?? [];
    const seconds = Number(time);
    if (name === undefined || !(seconds > 0)) return undefined;
    const folder = path.resolve(given);
    if (!fs.existsSync(folder)) throw new Misfit(`There is no folder ${folder}.`);
    if (!fs.statSync(folder).isDirectory()) throw new Misfit(`${folder} is a file.`);
    const steps = keptSteps(folder);
    if (steps.length > 0) return { name, folder, seconds, steps };
    throw new Misfit(
      `${folder} has no model-STEP: npm run train -- --keep 250,500 keeps models on the way.`,
    );
  },
};

function check({ run: runs, until }) {
  const none = runs.find(({ steps }) => !steps.some((step) => step <= until));
  if (none === undefined) return null;
  return `--until ${until}: ${none.name} has no model up to that step; its first is of step ${none.steps[0]}.`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const learningCurve = {
  name: 'learning-curve',
  run: 'npm run learning-curve',
  summary:
    'Accuracy against the time that training has taken, of the models kept on the way (npm run train -- --keep …), ' +
    'as a table and a plot. What npm run evaluate has drawn of a model is not drawn again.',
  options: {
    run: {
      kind: run,
      multiple: true,
      also: ['checkpoint', 'folder'],
      help: 'a run: its folder with model-STEP in it, and the seconds that a step took',
    },
    images: { ...images, default: 200 },
    ...drawing,
    guidance: {
      kind: number({ from: 0, shown: 'S' }),
      default: 1,
      also: ['guidance-scale', 'guidanceScale'],
      help: 'guidance scale; 1 is no guidance',
    },
    until: {
      kind: count(),
      default: Infinity,
      byDefault: 'all',
      help: 'only models up to this step',
    },
    output: {
      kind: newFile(['.svg', '.png']),
      default: inRoot('runs', 'learning-curve.svg'),
      byDefault: 'runs/learning-curve.svg',
      also: ['plot'],
      help: 'the plot',
    },
  },
  mustHave: ['run'],
  check,
  example: 'npm run learning-curve -- --run adamw=runs/adamw@1.65 --run blog=runs/blog@1.7',
};
