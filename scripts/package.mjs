#!/usr/bin/env node
// npx stable-diffusion-mnist: what a project that has installed the package runs once.
import { readCommandLine } from './command-line/command.mjs';
import { buildNative } from './commands/build-native.mjs';
import { fusedOps } from './setup/fused-ops.mjs';
import { nativeAddon } from './setup/native-addon.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { pythonEnvironment, tensorflowPackage } from './setup/tensorflow-package.mjs';

const { values } = readCommandLine(buildNative);
const wheel = process.env.SDM_TENSORFLOW ? [] : [pythonEnvironment, tensorflowPackage];
await setUpOrExit({ wanted: [...wheel, nativeAddon, ...(values.plain ? [] : [fusedOps])] });
console.log('Ready: the package can be imported.');
