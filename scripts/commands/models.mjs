// Folders of models and of runs, as options name them.
import fs from 'node:fs';
import path from 'node:path';
import { typed } from '../command-line/command.mjs';
import { isFolder, oldFolder } from '../command-line/kinds.mjs';
import { didYouMean, nearest } from '../command-line/nearest.mjs';
import { inRoot } from '../setup/paths.mjs';

const has = (place, ...names) => fs.existsSync(path.join(place, ...names));
const entriesOf = (place) => (isFolder(place) ? fs.readdirSync(place).sort() : []);

/** Whether a folder is a model, a training checkpoint, or a run with one of them. */
function holdsModel(place) {
  if (has(place, 'model_index.json') || has(place, 'model', 'model_index.json')) return true;
  return entriesOf(place).some((name) => /^checkpoint-\d+$/.test(name));
}

/** The models and runs that there are, as one would type them: what ships comes first, and is named whatever else there is. */
function knownModels() {
  const saved = process.env.SDM_CHECKPOINTS || inRoot('checkpoints');
  return [path.resolve(saved), inRoot('runs')].flatMap((folder) =>
    entriesOf(folder)
      .map((name) => path.join(folder, name))
      .filter(holdsModel)
      .map(typed),
  );
}

function modelProblem(place) {
  if (holdsModel(place)) return null;
  const kept = entriesOf(place).filter((name) => /^model-\d+$/.test(name));
  if (kept.length > 0) return `It has kept models only: name one, such as ${kept.at(-1)}.`;
  if (has(place, 'judge.json')) return 'That is a judge, not a model that draws.';
  return 'It has no model_index.json, and no model/ or checkpoint-STEP/ in it.';
}

function modelHint(given) {
  const known = knownModels();
  const near = nearest(
    path.basename(given),
    known.map((name) => path.basename(name)),
    1,
  );
  const meant = known.filter((name) => path.basename(name) === near[0]);
  if (meant.length > 0) return didYouMean(meant).trim();
  return known.length === 0
    ? 'Train one with npm run train.'
    : `There are: ${known.slice(0, 8).join(', ')}${known.length > 8 ? ', …' : ''}.`;
}

export const modelFolder = oldFolder(
  "a model's folder, a training checkpoint, or a run's folder",
  modelProblem,
  modelHint,
);

export const judgeFolder = oldFolder("a judge's folder", (place) =>
  has(place, 'judge.json') ? null : 'It has no judge.json. npm run train-judge makes one.',
);
