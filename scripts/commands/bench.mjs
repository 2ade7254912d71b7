import { cases } from '../bench/cases.mjs';
import { choice, list } from '../command-line/kinds.mjs';

export const CASES = [...cases.map(({ name }) => name), 'compile', 'cost', 'web-step'];

const check = ({ sweep, only }) =>
  sweep && only.length > 0 ? '--sweep and --only cannot be together: a sweep has no cases.' : null;

/** @type {import('../command-line/parse.mjs').Command} */
export const bench = {
  name: 'bench',
  run: 'npm run bench',
  summary:
    'The library against PyTorch with diffusers on this machine, as ratios of the same run; about half an hour on two ' +
    'cores. SDM_PARITY_PYTHON names a Python that has torch and diffusers, instead of the one of the set-up.',
  options: {
    only: {
      kind: list(choice(CASES)),
      multiple: true,
      byDefault: 'all',
      help: 'some of the cases',
    },
    quick: { help: 'few steps, to see that it runs' },
    sweep: { help: 'cost against batch size and width, as docs/images/cost.svg' },
  },
  check,
  example: 'npm run bench -- --only unet-64,compile --quick',
};
