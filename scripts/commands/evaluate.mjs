import {
  choice,
  count,
  json,
  list,
  newFile,
  newFolder,
  number,
  oldFile,
  seed,
} from '../command-line/kinds.mjs';
import { inRoot } from '../setup/paths.mjs';
import { judgeFolder, modelFolder } from './models.mjs';
import { MIXED_PRECISIONS, SCHEDULERS, SPACINGS } from './names.mjs';

/** How an image is drawn; `learning-curve` has these, too. */
export const drawing = {
  scheduler: {
    kind: choice(SCHEDULERS),
    byDefault: 'ddpm; flow for a model of flow matching, which only that fits',
    also: ['sampler'],
    help: 'how the noise is taken away',
  },
  steps: {
    kind: count({ to: 1000 }),
    default: 50,
    also: ['num-inference-steps', 'numInferenceSteps'],
    help: 'sampling steps',
  },
};

/** Two of each digit are the least that can differ; the test images give two sets of 4,460 to compare with. */
export const images = {
  kind: count({ from: 20, to: 4460, multipleOf: 10 }),
  also: ['num-images', 'numImages', 'n'],
  help: 'how many are drawn, as many of each digit',
};

/** As many as are drawn by default. */
export const IMAGES = 1000;

/** The batch that divides a number of images: 100, or the largest below that does. */
export function batchFor(numImages) {
  let batch = Math.min(100, numImages);
  while (numImages % batch !== 0) batch -= 10;
  return batch;
}

/** Options of generate that an option of the command stands for: beside it a row would be told as drawn in another way than it was. */
const STANDS_FOR = {
  guidanceScale: '--guidance',
  numInferenceSteps: '--steps',
  seed: '--seed',
  numImages: '--images',
  batchSize: '--batch',
  mixedPrecision: '--mixed-precision',
};

/** What the command itself asks of generate. */
const ASKED_HERE = [
  ...['numImagesPerPrompt', 'size', 'returnIntermediates', 'extras', 'folder'],
  ...['progressBar', 'onProgress', 'callbackOnStepEnd', 'onWarning', 'signal'],
];

/** Options of generate beside those that have a place of their own, as a row's settings tell them. */
export function furtherOptions({ generate, 'mixed-precision': mixedPrecision }) {
  return { ...generate, ...(mixedPrecision !== 'no' && { mixedPrecision }) };
}

/** Options that only digits have: what is drawn of emoji is one picture of each caption. */
const OF_DIGITS = ['drawn', 'sanity', 'images', 'plot'];

function check(values) {
  const { data, checkpoint, drawn, sanity, batch, images: numImages = IMAGES, plot } = values;
  const misfit = OF_DIGITS.find((name) => values[name] !== undefined && values[name] !== false);
  if (data === 'emoji' && misfit)
    return `--${misfit} is of digits: leave it out with --data emoji.`;
  for (const key of Object.keys(values.generate)) {
    if (Object.hasOwn(STANDS_FOR, key)) {
      return `--generate ${key}: expected options that the command has not, got ${key}, which is ${STANDS_FOR[key]}.`;
    }
    if (ASKED_HERE.includes(key)) {
      return `--generate ${key}: expected options of how a picture is drawn, got ${key}, which the command decides itself.`;
    }
  }
  if (data === 'emoji') return null;
  if (batch !== undefined && numImages % batch !== 0) {
    return (
      `--images ${numImages} cannot be drawn in batches of ${batch}: expected --batch as a multiple of 10 that ` +
      `divides --images, such as ${batchFor(numImages)}.`
    );
  }
  if (plot !== undefined && checkpoint === undefined) {
    return '--plot needs --checkpoint: it shows its guidance scales.';
  }
  if (checkpoint !== undefined) return null;
  const wants = (name) => values[name] !== undefined && values[name] !== false;
  const unused = ['best', 'last-weights'].find(wants);
  if (unused && (drawn || sanity)) return `--${unused} needs --checkpoint.`;
  return null;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const evaluate = {
  name: 'evaluate',
  run: 'npm run evaluate',
  summary:
    'Draws digits, or with --data emoji emoji, with a model and measures them, or measures images made elsewhere. Can be ' +
    'stopped at any time: the same command goes on.',
  options: {
    data: { kind: choice(['mnist', 'emoji']), default: 'mnist', help: 'what the model draws' },
    checkpoint: {
      kind: modelFolder,
      also: ['model', 'run', 'folder', 'from'],
      help: "a model's folder, a training checkpoint, or a run's folder (its last checkpoint)",
    },
    drawn: {
      kind: oldFile("a safetensors file with 'images' [N, 28, 28] and 'labels' [N], both uint8"),
      help: "instead: images drawn elsewhere, a safetensors file with 'images' [N, 28, 28] and 'labels' [N], both uint8",
    },
    sanity: { help: 'rows for real images, shuffled prompts and noise' },
    ...drawing,
    spacing: {
      kind: choice(SPACINGS),
      byDefault: "the checkpoint's",
      also: ['timestep-spacing', 'timestep_spacing'],
      help: 'timestep spacing',
    },
    config: {
      kind: json,
      default: {},
      byDefault: 'none',
      help: "changes of the scheduler's config, such as '{\"thresholding\":true}'",
    },
    guidance: {
      kind: list(
        number({ from: 0, shown: 'S' }),
        'numbers from 0 on with commas between, such as 1,1.5',
      ),
      byDefault: '1; 2 for emoji',
      also: ['guidance-scale', 'guidanceScale', 'cfg'],
      help: 'guidance scales',
    },
    images: { ...images, byDefault: `${IMAGES}; of emoji one of each caption` },
    batch: {
      kind: count({ from: 10, multipleOf: 10 }),
      byDefault: '100, or less where --images asks for it; 40 for emoji',
      also: ['batch-size', 'batchSize'],
      help: 'images at once',
    },
    seed: { kind: seed, default: 0, help: 'decides the noise' },
    'mixed-precision': {
      kind: choice(MIXED_PRECISIONS),
      default: 'no',
      also: ['mixed_precision', 'precision', 'bf16'],
      help: "the model's products and convolutions in bfloat16 (bf16), if the processor can (auto), or in float32 (no)",
    },
    generate: {
      kind: json,
      default: {},
      byDefault: 'none',
      help: 'further options of generate, such as \'{"guidanceRescale":0.7}\'',
    },
    best: {
      kind: choice(['min', 'max'], 'MODE'),
      byDefault: 'its last one',
      help: "of a run's checkpoints the one with the lowest (min) or highest (max) metric",
    },
    'last-weights': { help: 'the last weights of a training checkpoint, not the averaged ones' },
    judge: {
      kind: judgeFolder,
      byDefault: 'checkpoints/judge; checkpoints/emoji-judge for emoji',
      help: 'the judge that looks at the pictures',
    },
    output: {
      kind: newFolder,
      default: inRoot('runs', 'evaluation'),
      byDefault: 'runs/evaluation',
      help: "images and measures-N.json of each row, by the weights' hash",
    },
    plot: {
      kind: newFile(['.svg', '.png']),
      byDefault: 'none',
      help: 'also accuracy, nearness and diversity over the guidance scales of a checkpoint',
    },
    report: {
      kind: newFile(['.json']),
      byDefault: 'results.json in the folder of --output',
      help: 'the rows of this call, once all are there',
    },
  },
  mustHave: ['checkpoint', 'drawn', 'sanity'],
  check,
  example:
    'npm run evaluate -- --checkpoint runs/best --scheduler ddim --steps 20 --guidance 1,1.5',
};
