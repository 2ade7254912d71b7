import { choice } from '../command-line/kinds.mjs';

/** @type {import('../command-line/parse.mjs').Command} */
export const buildNative = {
  name: 'stable-diffusion-mnist',
  run: 'npx stable-diffusion-mnist',
  summary:
    "build-native builds what the package needs of native code, inside of its own folder: TensorFlow's libraries (a " +
    "Python wheel of 0.3 GB), tfjs-node's addon over them, and the library's own ops. Done parts are not done again.",
  options: {
    plain: {
      help: "without the library's own ops: the same numbers with plain ops, in about twice the time",
    },
  },
  words: {
    shown: 'build-native',
    kind: choice(['build-native']),
    help: 'the only command',
    least: 1,
    most: 1,
  },
  example: 'npx stable-diffusion-mnist build-native',
  notes:
    'Needs Python ≥ 3.10 with venv and a C++ compiler. SDM_TENSORFLOW names the folder of a TensorFlow wheel\n' +
    'that is installed already (…/site-packages/tensorflow).',
};
