import { count, newFolder } from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';

/** @type {import('../command-line/parse.mjs').Command} */
export const trainJudge = {
  name: 'train-judge',
  run: 'npm run train-judge',
  summary: 'Trains the judge, which reads digits, on real MNIST. A few minutes on two cores.',
  options: {
    epochs: { kind: count({ to: 1000 }), default: 8, help: 'passes over the 60,000 images' },
    output: {
      kind: newFolder,
      default: inRoot('checkpoints', 'judge'),
      byDefault: 'checkpoints/judge',
      help: 'where the judge is saved',
    },
  },
  example: 'npm run train-judge -- --epochs 2 --output runs/judge',
};
