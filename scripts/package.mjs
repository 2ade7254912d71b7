#!/usr/bin/env node
// npx stable-diffusion-mnist: what a project that has installed the package runs once.
import { parseArgs } from 'node:util';
import { fusedOps } from './setup/fused-ops.mjs';
import { nativeAddon } from './setup/native-addon.mjs';
import { tensorflowPackage } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';

const HELP = `npx stable-diffusion-mnist build-native [options]
  builds what the package needs of native code, inside of its own folder: TensorFlow's libraries (a Python
  wheel of 0.3 GB), tfjs-node's addon over them, and the library's own ops. Done parts are not done again.
  --plain   without the library's own ops: the same numbers with plain ops, in about twice the time

Needs Python ≥ 3.10 with venv, a C++ compiler and make. SDM_TENSORFLOW names the folder of a TensorFlow wheel
that is installed already (…/site-packages/tensorflow).`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { plain: { type: 'boolean', default: false }, help: { type: 'boolean' } },
});
const isKnown = positionals.length === 1 && positionals[0] === 'build-native';
if (values.help || !isKnown) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}
const addon = { ...nativeAddon, needs: [tensorflowPackage.name] };
await setUpOrExit({ wanted: [tensorflowPackage, addon, ...(values.plain ? [] : [fusedOps])] });
console.log('Ready: the package can be imported.');
