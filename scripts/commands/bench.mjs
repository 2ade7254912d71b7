import { cases } from '../bench/cases.mjs';
import { GPU_CASES, TF32 } from '../bench/gpu/cases.mjs';
import { choice, list } from '../command-line/kinds.mjs';

export const CASES = [...cases.map(({ name }) => name), 'compile', 'cost', 'web-step'];

/** What is only measured on a CPU, and what is only chosen for a GPU. */
function check({ sweep, only, device, tf32, xla }) {
  if (sweep && only.length > 0)
    return '--sweep and --only cannot be together: a sweep has no cases.';
  if (device === 'cpu' && tf32 !== undefined) return '--tf32 needs --device gpu.';
  if (device === 'cpu') return xla ? '--xla needs --device gpu.' : null;
  if (sweep) return '--sweep is of the CPU: leave it out with --device gpu.';
  const other = only.flat().find((name) => !GPU_CASES.includes(name));
  return other === undefined
    ? null
    : `--only ${other} is of the CPU: with --device gpu there are ${GPU_CASES.join(', ')}.`;
}

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
      byDefault: 'all of the device',
      help: 'some of the cases',
    },
    device: {
      kind: choice(['cpu', 'gpu']),
      default: 'cpu',
      help: `where both sides compute; on a GPU the cases ${GPU_CASES.join(', ')} against eager and torch.compile`,
    },
    tf32: {
      kind: choice(Object.keys(TF32)),
      byDefault: 'same, or off with NVIDIA_TF32_OVERRIDE=0',
      help: 'of float32 on a GPU: allowed on both sides, as each has it by default, or off',
    },
    xla: { help: 'our training steps compiled by XLA, on a GPU; the peers are the same' },
    quick: { help: 'few steps, to see that it runs' },
    sweep: { help: 'cost against batch size and width, as docs/images/cost.svg' },
  },
  check,
  example: 'npm run bench -- --only unet-64,compile --quick',
};
