// What is compared on a GPU: rows of the benches on a CPU, the most important first, so that a run that is cut off has them.
import { cases } from '../cases.mjs';

/** The peer op by op, and by torch.compile. */
export const MODES = ['eager', 'compile'];

/** At least so many times the speed of each mode. */
const WANTED = {
  'unet-512': { eager: 1.5, compile: 1 },
  'unet-512-bf16': {},
  'sample-16': { eager: 1.5 },
  'unet-64': {},
};

export const GPU_CASES = Object.keys(WANTED);

/** How a choice of TF32 is set in PyTorch (null: as it has it by default), and told. TensorFlow allows it by default. */
export const TF32 = {
  same: { allow: true, told: 'allowed on both sides' },
  default: {
    allow: null,
    told: 'as each has it by default, TensorFlow everywhere, PyTorch in convolutions',
  },
  off: { allow: false, told: 'off on both sides' },
};

/**
 * @param {string[]} names of GPU_CASES
 * @param {keyof typeof TF32} tf32
 * @param {boolean} [xla] whether our training steps are compiled by XLA
 * @returns rows in the order of GPU_CASES: a task for ours, and one for each mode of the peer
 */
export function gpuRows(names, tf32, xla = false) {
  return GPU_CASES.filter((name) => names.includes(name)).map((name) => {
    const found = cases.find((one) => one.name === name);
    const isMixed = found.ours.mixedPrecision === 'bf16';
    const precision = isMixed ? 'bfloat16' : 'float32';
    const isXla = xla && found.ours.kind === 'train';
    const title = isMixed ? `${found.title.split(', bfloat16')[0]}, bfloat16` : found.title;
    const peer = { ...found.peer, device: 'cuda', tf32: TF32[tf32].allow, precision };
    return {
      name,
      title: isXla ? `${title}, ours by XLA` : title,
      kind: found.ours.kind,
      precision,
      wanted: WANTED[name],
      tasks: {
        // A GPU has the memory for all of the batch at once, as the trainer takes it there.
        ours: { ...found.ours, microBatch: found.ours.batch, ...(isXla && { xla }) },
        ...Object.fromEntries(MODES.map((mode) => [mode, { ...peer, mode }])),
      },
    };
  });
}
