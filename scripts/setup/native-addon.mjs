// The native half of tfjs-node-gpu, built from the package's own sources against the TensorFlow wheel.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { anyCompiler } from './compiler.mjs';
import { SetupFailure } from './failure.mjs';
import { linkArguments } from './link.mjs';
import { earlyAddons, nodeUtil, packageFolder, root, tfjsPackage, venv } from './paths.mjs';
import { sitePackages } from './python-environment.mjs';
import { sha256 } from './step.mjs';
import { addonArguments, tensorflowLibraries } from './systems.mjs';

const addon = path.join(tfjsPackage, 'lib', 'napi-v8', 'tfjs_binding.node');

/**
 * The wheel's folder by its real path. The libraries look for CUDA's beside themselves (`$ORIGIN`),
 * and `$ORIGIN` is where a library was found, not where a symlink points. `SDM_TENSORFLOW` names the folder
 * `tensorflow` of a wheel that is installed elsewhere.
 */
export function tensorflowFolder(given = process.env.SDM_TENSORFLOW) {
  const site = given ? null : sitePackages(venv);
  const folder = given || (site && path.join(site, 'tensorflow'));
  return folder && holdsTensorflow(folder) ? fs.realpathSync(folder) : null;
}

/** A folder alone is not enough: pip makes it before the libraries are there. */
const holdsTensorflow = (folder) =>
  tensorflowLibraries(folder).every((file) => fs.existsSync(file));

/** @throws {SetupFailure} if SDM_TENSORFLOW names what is no TensorFlow */
export function checkTensorflow(given = process.env.SDM_TENSORFLOW) {
  if (!given || tensorflowFolder(given) !== null) return;
  const lacking = tensorflowLibraries(given).find((file) => !fs.existsSync(file));
  throw new SetupFailure(
    `SDM_TENSORFLOW names ${given}, where there is no ${path.basename(lacking)}.`,
    'Name the folder `tensorflow` of a wheel that is installed (…/site-packages/tensorflow), or unset it.',
  );
}

/** Tells another TensorFlow in the same folder. In whole seconds: the layers of an image keep no finer times. */
export const wheelTime = () =>
  Math.floor(fs.statSync(tensorflowLibraries(tensorflowFolder())[0]).mtimeMs / 1000);

/** The headers of Node-API, the same for every Node, from a package of their own. */
const headers = () => path.join(packageFolder('node-api-headers'), 'include');

/** Built beside its place and moved there, so that a half-built one is never loaded. */
async function build(sources, file, options, { logFile, compiler, tensorflow }) {
  const staging = `${file}.${process.pid}`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const includes = [headers(), path.join(tensorflow, 'include')];
  const [program, ...first] = compiler.command;
  await run(
    program,
    [...first, '-std=c++17', ...addonArguments(), ...sources, '-o', staging, ...options].concat(
      includes.flatMap((folder) => ['-isystem', folder]),
    ),
    { logFile, env: compiler.env },
  );
  fs.renameSync(staging, file);
}

/** tfjs-node's own sources, without its node-gyp, which wants make, Python and all of Node's headers. */
async function buildBinding(tools) {
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) =>
    path.join(tfjsPackage, 'binding', name),
  );
  const folder = `${addon}.${process.pid}.libraries`;
  try {
    const libraries = await linkArguments({ ...tools, folder });
    await build(sources, addon, ['-O2', '-DNAPI_VERSION=8', ...libraries], tools);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const buildEarly = ({ source, file }, tools) => build([source], file, ['-O1', '-ldl'], tools);

const smallTest = [
  'process.argv.slice(1).forEach((file) => require(file));',
  "const tf = require('@tensorflow/tfjs-node-gpu');",
  'const sum = tf.tensor1d([1, 2, 3]).sum().dataSync()[0];',
  "if (sum !== 6) throw new Error('1 + 2 + 3 came out as ' + sum);",
].join(' ');

export const nativeAddon = {
  name: 'native-addon',
  title: "TensorFlow's native addon",
  needs: ['node-packages', 'tensorflow-package'],
  disk: 0.1,
  inputs: () => ({
    tensorflow: tensorflowFolder(),
    early: earlyAddons.map(({ source }) => sha256(fs.readFileSync(source))),
    tfjs: JSON.parse(fs.readFileSync(path.join(tfjsPackage, 'package.json'), 'utf8')).version,
    wheel: wheelTime(),
  }),
  missing() {
    if (tensorflowFolder() === null) return 'TensorFlow is not there';
    const wanted = [addon, ...earlyAddons.map(({ file }) => file)];
    const lacking = wanted.find((file) => !fs.existsSync(file));
    return lacking === undefined ? null : `${path.relative(root, lacking)} is missing`;
  },
  remedy: 'Read the log. A compiler of C++17 is needed (g++ 9 or newer), and about 1 GB of memory.',
  async run({ logFile, python, say }) {
    const compiler = await anyCompiler({ logFile, python, say });
    const tools = { logFile, compiler, tensorflow: tensorflowFolder() };
    await Promise.all([
      buildBinding(tools),
      ...earlyAddons.map((early) => buildEarly(early, tools)),
    ]);
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
    try {
      const files = [nodeUtil, ...earlyAddons.map(({ file }) => file)];
      await run(process.execPath, ['-e', smallTest, ...files], { logFile, cwd: root, env });
    } catch (error) {
      throw new SetupFailure(
        `it was built, but cannot add numbers:\n    ${error.excerpt.slice(-4).join('\n    ')}`,
        'If a library is said to be missing, delete .venv and run the command again.',
      );
    }
  },
};
