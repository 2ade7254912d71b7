import { choice, list } from '../command-line/kinds.mjs';
import { MATRIX_PART, matrixFolder, NODES, PYTHONS } from '../matrix/plan.mjs';

/** @type {import('../command-line/parse.mjs').Command} */
export const matrix = {
  name: 'matrix',
  run: 'npm run test:matrix',
  summary:
    'Sets up clones of the last commit in the folder for temporary files, one for each Python, and runs a part of the tests in each with ' +
    "every Node; prints a table. Node comes from npm's packages of it, Python from PATH or pyenv.",
  options: {
    node: {
      kind: list(choice(NODES), `releases among ${NODES.join(', ')}`),
      byDefault: 'all',
      help: 'only these',
    },
    python: {
      kind: list(choice(PYTHONS), `versions among ${PYTHONS.join(', ')}`),
      byDefault: 'those that are found',
      help: 'only these',
    },
    anew: { help: 'forget the clones of an earlier run' },
  },
  example: 'nice -n 19 npm run test:matrix -- --node 24,26 --python 3.12',
  notes: [`In ${matrixFolder}, a clone takes 2.3 GB. The part:`, ...MATRIX_PART].join('\n  '),
};
