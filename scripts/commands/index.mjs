// All commands of a clone, each a table of its options.
import { readCommandLine as read } from '../command-line/command.mjs';
import { bench } from './bench.mjs';
import { compare } from './compare.mjs';
import { evaluate } from './evaluate.mjs';
import { exportModel } from './export-model.mjs';
import { gpuAll, gpuCheck } from './gpu-check.mjs';
import { learningCurve } from './learning-curve.mjs';
import { matrix } from './matrix.mjs';
import { notebooks } from './notebooks.mjs';
import { doctor, setup } from './plain.mjs';
import { soak } from './soak.mjs';
import { start } from './start.mjs';
import { test } from './test.mjs';
import { train } from './train.mjs';
import { trainJudge } from './train-judge.mjs';
import { web } from './web.mjs';

export const commands = {
  start,
  setup,
  doctor,
  train,
  evaluate,
  'learning-curve': learningCurve,
  'export-model': exportModel,
  'train-judge': trainJudge,
  web,
  notebooks,
  test,
  matrix,
  bench,
  compare,
  soak,
  'gpu-check': gpuCheck,
  'gpu-all': gpuAll,
};

/** As `readCommandLine`; an option of another command is told as that. @param {keyof typeof commands} name */
export const readCommandLine = (name) => read(commands[name], Object.values(commands));
