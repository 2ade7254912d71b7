import { choice, count, newFolder } from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';

/** By what is judged: passes over the pictures, and where the judge lies. */
export const JUDGES = {
  mnist: { epochs: 8, folder: inRoot('checkpoints', 'judge') },
  emoji: { epochs: 16, folder: inRoot('checkpoints', 'emoji-judge') },
};

/** @type {import('../command-line/parse.mjs').Command} */
export const trainJudge = {
  name: 'train-judge',
  run: 'npm run train-judge',
  summary:
    'Trains the judge, which reads digits, on real MNIST; or the one that fits captions to emoji, on real emoji. A few ' +
    'minutes on two cores.',
  options: {
    data: { kind: choice(Object.keys(JUDGES)), default: 'mnist', help: 'what it is to judge' },
    epochs: {
      kind: count({ to: 1000 }),
      byDefault: '8; 16 for emoji',
      help: 'passes over the 60,000 digits or the 9,000 emoji',
    },
    output: {
      kind: newFolder,
      byDefault: 'checkpoints/judge; checkpoints/emoji-judge for emoji',
      help: 'where the judge is saved',
    },
  },
  example: 'npm run train-judge -- --epochs 2 --output runs/judge',
};
