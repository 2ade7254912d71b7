// npm run test:matrix: a part of the tests on every pair of Node and Python that can be had here.
import fs from 'node:fs';
import path from 'node:path';
import { readCommandLine } from './commands/index.mjs';
import {
  MATRIX_PART,
  matrixFolder,
  matrixTable,
  nodePackage,
  NODES,
  pythonFor,
  PYTHONS,
} from './matrix/plan.mjs';
import { output } from './setup/command.mjs';
import { root } from './setup/paths.mjs';
import { runShown } from './test/command.mjs';
import { countVitest, failuresOfVitest } from './test/counts.mjs';

const { values } = readCommandLine('matrix');
const folder = matrixFolder;
if (values.anew) fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });

/** The folder of a Node's program, fetched if need be. */
async function nodeFolder(major) {
  const prefix = path.join(folder, `node-${major}`);
  const name = nodePackage(major).replace(/@.*/, '');
  const bin = path.join(prefix, 'node_modules', name, 'bin');
  if (!fs.existsSync(bin)) {
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', prefix];
    if ((await runShown('npm', [...args, nodePackage(major)])) !== 0) return null;
  }
  return bin;
}

const setUpWithTests = `
  const { setUpOrExit } = await import('./scripts/setup/run.mjs');
  const { kernelTestPackages } = await import('./scripts/setup/python-packages.mjs');
  await setUpOrExit({ extra: [kernelTestPackages] });`;

/** The last commit in a clone of its own, which keeps what an earlier run has set up there. */
async function cloneFor(version) {
  const clone = path.join(folder, `python-${version}`);
  if (!fs.existsSync(clone)) await runShown('git', ['clone', '--quiet', root, clone]);
  const head = output('git', ['-C', root, 'rev-parse', 'HEAD']);
  await runShown('git', ['-C', clone, 'fetch', '--quiet', root, head]);
  await runShown('git', ['-C', clone, 'checkout', '--quiet', '--force', head]);
  return clone;
}

async function tryPair(clone, python, bin) {
  const env = { ...process.env, SDM_PYTHON: python };
  env.PATH = [bin, process.env.PATH].join(path.delimiter);
  for (const name of ['npm_execpath', 'npm_config_engine_strict']) delete env[name];
  const node = path.join(bin, 'node');
  const started = performance.now();
  const report = path.join(folder, 'report.json');
  fs.rmSync(report, { force: true });
  const setUp = ['--input-type=module', '-e', setUpWithTests];
  let code = await runShown(node, setUp, env, clone);
  if (code === 0) {
    const vitest = path.join(clone, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
    code = await runShown(node, [vitest, 'run', ...MATRIX_PART, ...reporters], env, clone);
  }
  for (const failure of failuresOfVitest(report)) console.log(`failed: ${failure}`);
  return {
    node: output(node, ['--version']),
    python: output(python, ['--version']).replace('Python ', ''),
    ...countVitest(report, code),
    seconds: (performance.now() - started) / 1000,
  };
}

const rows = [];
for (const version of values.python ?? PYTHONS) {
  const python = pythonFor(version);
  if (python === null) {
    console.log(`Python ${version} is not here.`);
    continue;
  }
  const clone = await cloneFor(version);
  for (const major of values.node ?? NODES) {
    console.log(`\n== Node ${major}, Python ${version}`);
    const bin = await nodeFolder(major);
    if (bin === null) console.log(`Node ${major} could not be fetched.`);
    else rows.push(await tryPair(clone, python, bin));
    fs.writeFileSync(path.join(folder, 'table.md'), `${matrixTable(rows)}\n`);
  }
}
console.log(`\n${matrixTable(rows)}`);
const isSound = rows.length > 0 && rows.every(({ passed, failed }) => passed > 0 && failed === 0);
process.exit(isSound ? 0 : 1);
