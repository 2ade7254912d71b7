#!/usr/bin/env node
// npx stable-diffusion-mnist: what a project that has installed the package runs once.
import { readCommandLine } from './command-line/command.mjs';
import { buildNative } from './commands/build-native.mjs';
import { fusedOps } from './setup/fused-ops.mjs';
import { nativeAddon } from './setup/native-addon.mjs';
import { tensorflowPackage } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = readCommandLine(buildNative);
const addon = { ...nativeAddon, needs: [tensorflowPackage.name] };
await setUpOrExit({ wanted: [tensorflowPackage, addon, ...(values.plain ? [] : [fusedOps])] });
console.log('Ready: the package can be imported.');
