import { choice, count, list, Misfit, newFolder, number, text } from '../command-line/kinds.mjs';
import { didYouMean, nearest } from '../command-line/nearest.mjs';
import { MIXED_PRECISIONS, RECIPES } from './names.mjs';

/** The groups and numbers of a recipe (lib/mnist/recipes.ts), as `--set` names them. */
const RECIPE_KEYS = {
  groups: ['scheduler', 'objective', 'trainer'],
  numbers: {
    warmupSteps: (value) => Number.isInteger(value) && value >= 0,
    decayShare: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
};

/** Settings that the command makes itself, and by what. */
const MADE_HERE = {
  'trainer.lrSchedule':
    'The rate rises in warmupSteps and falls in decayShare of all steps: set those.',
  'trainer.cluster': 'Workers are given by --workers, or by TF_CONFIG.',
};

/** Options that stand for a setting. */
const STANDS_FOR = {
  'mixed-precision': 'trainer.mixedPrecision',
  'logging-steps': 'trainer.loggingSteps',
  xla: 'trainer.xla',
};

/** @type {import('../command-line/kinds.mjs').Kind} */
const setting = {
  shown: 'KEY=VALUE',
  expected:
    'KEY=VALUE such as trainer.learningRate=2e-3, where KEY begins with scheduler., objective. or trainer., or is ' +
    'warmupSteps (from 0 on) or decayShare (0 to 1)',
  read(text) {
    // No name of a setting begins with an underscore: __proto__ would be set for all objects.
    const [, keys, value] = /^((?!_)\w+(?:\.(?!_)\w+)*)=(.+)$/s.exec(text) ?? [];
    if (keys === undefined) return undefined;
    const [first, ...rest] = keys.split('.');
    const made = Object.keys(MADE_HERE).find((name) => `${keys}.`.startsWith(`${name}.`));
    if (made) throw new Misfit(MADE_HERE[made]);
    const fits = Object.hasOwn(RECIPE_KEYS.numbers, keys) && RECIPE_KEYS.numbers[keys];
    const isGroup = RECIPE_KEYS.groups.includes(first) && rest.length > 0;
    if (!isGroup && !fits) {
      const known = [
        ...RECIPE_KEYS.groups.map((name) => `${name}.`),
        ...Object.keys(RECIPE_KEYS.numbers),
      ];
      throw new Misfit(didYouMean(nearest(keys.includes('.') ? first : keys, known, 1)).trim());
    }
    const parsed = valueOf(value);
    return fits && !fits(parsed) ? undefined : [keys.split('.'), parsed];
  },
};

/** JSON, or else a text. */
function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What is given in two ways. */
function check({ set, ...values }) {
  const given = new Set(set.map(([keys]) => keys.join('.')));
  const twice = Object.entries(STANDS_FOR).find(
    ([option, key]) => values[option] !== undefined && values[option] !== false && given.has(key),
  );
  if (!twice) return null;
  return `--${twice[0]} and --set ${twice[1]}=… are the same setting: leave one of them out.`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const train = {
  name: 'train',
  run: 'npm run train',
  summary:
    "Trains by a recipe. Can be stopped at any time (Ctrl-C, kill): the same command goes on from the run's " +
    'last checkpoint.',
  options: {
    recipe: {
      kind: choice(RECIPES),
      default: 'fast',
      also: ['config', 'preset', 'data', 'dataset'],
      help: 'a recipe of lib/mnist/recipes.ts',
    },
    steps: {
      kind: count(),
      byDefault: "the recipe's",
      also: ['max-steps', 'maxSteps', 'max-train-steps', 'num-steps', 'epochs', 'num-train-epochs'],
      help: 'steps in all',
    },
    output: {
      kind: newFolder,
      byDefault: 'runs/RECIPE',
      also: ['output-dir', 'folder', 'run', 'resume', 'resume-from-checkpoint', 'checkpoint'],
      help: "the run's folder",
    },
    'save-every': {
      kind: count(),
      default: 250,
      also: ['checkpointing-steps', 'save-steps'],
      help: 'steps between checkpoints; with --logging-steps at the next that is looked at',
    },
    keep: {
      kind: list(count({ from: 0 }), 'whole numbers with commas between, such as 0,500,1000'),
      default: [],
      byDefault: 'none',
      help: 'also keep models at these steps (averaged weights if the recipe averages)',
    },
    set: {
      kind: setting,
      multiple: true,
      keyOf: ([path]) => path.join('.'),
      also: {
        'learning-rate': '--set trainer.learningRate=…',
        lr: '--set trainer.learningRate=…',
        'batch-size': '--set trainer.batchSize=…',
        batch: '--set trainer.batchSize=…',
        'train-batch-size': '--set trainer.batchSize=…',
        seed: '--set trainer.seed=…',
        'lr-warmup-steps': '--set warmupSteps=…',
        'max-grad-norm': '--set trainer.maxGradNorm=…',
        'caption-dropout': '--set objective.captionDropout=…',
      },
      help: 'another setting of the recipe, in JSON: trainer.learningRate=2e-3',
    },
    'mixed-precision': {
      kind: choice(MIXED_PRECISIONS),
      byDefault: "the recipe's, which is no",
      also: ['mixed_precision', 'precision', 'bf16'],
      help: 'products and convolutions in bfloat16 (bf16), if the processor can (auto), or in float32 (no)',
    },
    'logging-steps': {
      kind: count(),
      byDefault: "the recipe's, which is 1",
      also: ['logging_steps', 'log-every', 'log_every', 'log-interval', 'report-every'],
      help: 'steps that are looked at together: above 1 none waits for a GPU',
    },
    xla: {
      also: ['jit-compile', 'jit_compile', 'use-xla', 'torch-compile', 'compile'],
      help: "compiles the step's losses and gradients by XLA: for GPUs; with the fused ops for CPUs it is left out",
    },
    workers: {
      kind: count(),
      byDefault: '1, or as TF_CONFIG says',
      also: ['num-processes', 'nproc-per-node', 'nproc_per_node', 'num_processes'],
      help: 'processes on this machine that train together, each with its share of the cores',
    },
    'worker-timeout': {
      kind: number({ above: 0, shown: 'SECONDS' }),
      default: 60,
      help: 'a worker that does not answer for so long is gone: all others end with exit code 75',
    },
    bind: {
      kind: text('ADDRESS'),
      byDefault: "the worker's own of TF_CONFIG",
      help: 'IPv4 address to listen at; the port has no authentication (docs/cluster.md)',
    },
  },
  check,
  example: 'npm run train -- --recipe best --steps 500 --output runs/short',
  notes:
    'With TF_CONFIG in the environment this is one of several workers (docs/cluster.md).\n' +
    'In the background, beside other work:\n' +
    '  nohup nice -n 19 npm run train -- --recipe best > runs/best.log 2>&1 &',
};
