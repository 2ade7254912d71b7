import { choice, list, newFile } from '../command-line/kinds.mjs';

export const GPU_CHECK_PARTS = [
  'models',
  'losses',
  'pictures',
  'resume',
  'stop',
  'growth',
  'memory',
];

/** @type {import('../command-line/parse.mjs').Command} */
export const gpuCheck = {
  name: 'gpu-check',
  run: 'npm run gpu-check',
  summary:
    'Whether a GPU computes what it should: models and losses against PyTorch, pictures against the CPU, saving, Stop, memory. ' +
    'Without a GPU the same on the CPU. Every line is OK or FAIL; exit code 1 if one is not OK.',
  options: {
    only: {
      kind: list(choice(GPU_CHECK_PARTS), `parts among ${GPU_CHECK_PARTS.join(', ')}`),
      multiple: true,
      byDefault: 'all',
      help: 'only these parts',
    },
    'as-is': {
      help: 'set nothing up: for a machine that reaches no registry, to which a clone was brought that is set up',
    },
    json: {
      kind: newFile(['.json']),
      byDefault: 'runs/gpu-check.json',
      help: 'where the figures go',
    },
  },
  example: 'npm run gpu-check -- --only models,losses',
};
