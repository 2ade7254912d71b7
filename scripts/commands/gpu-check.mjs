import { choice, list, newFile, number } from '../command-line/kinds.mjs';

export const GPU_CHECK_PARTS = [
  'models',
  'losses',
  'pictures',
  'resume',
  'stop',
  'growth',
  'memory',
];

const AS_IS = {
  help: 'set nothing up: for a machine that reaches no registry, to which a clone was brought that is set up',
};

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
    'as-is': AS_IS,
    json: {
      kind: newFile(['.json']),
      byDefault: 'runs/gpu-check.json',
      help: 'where the figures go',
    },
  },
  example: 'npm run gpu-check -- --only models,losses',
};

/** @type {import('../command-line/parse.mjs').Command} */
export const gpuAll = {
  name: 'gpu-all',
  run: 'npm run gpu-all',
  summary:
    'All that is to be learnt of a GPU in a short time, the most important first: gpu-check, the bench against PyTorch, the first epochs of ' +
    "the blog's training, and recipe best for the rest of it. Logs and what became of each go to runs/gpu.",
  options: {
    minutes: { kind: number({ above: 0, shown: 'MINUTES' }), default: 15, help: 'at most, in all' },
    'as-is': AS_IS,
  },
  example: 'npm run gpu-all -- --minutes 60',
};
