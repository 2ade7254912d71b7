// The native half of tfjs-node-gpu, built from the package's own sources against the TensorFlow wheel.
import fs from 'node:fs';
import path from 'node:path';
import { findCompiler, findNodeHeaders } from './check.mjs';
import { run } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { earlyAddons, packageFolder, root, tfjsPackage, venv, venvPython } from './paths.mjs';
import { sitePackages } from './python-packages.mjs';
import { sha256 } from './step.mjs';

const libraries = {
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
};
const addon = path.join(tfjsPackage, 'lib', 'napi-v8', 'tfjs_binding.node');

/**
 * The wheel's folder by its real path. The libraries look for CUDA's beside themselves (`$ORIGIN`),
 * and `$ORIGIN` is where a library was found, not where a symlink points. `SDM_TENSORFLOW` names the folder
 * `tensorflow` of a wheel that is installed elsewhere.
 */
export function tensorflowFolder() {
  const given = process.env.SDM_TENSORFLOW;
  if (given) return fs.existsSync(given) ? fs.realpathSync(given) : null;
  const site = sitePackages(venv);
  if (site === null || !fs.existsSync(path.join(site, 'tensorflow'))) return null;
  return fs.realpathSync(path.join(site, 'tensorflow'));
}

function replaceLink(target, file) {
  fs.rmSync(file, { force: true, recursive: true });
  fs.symlinkSync(target, file);
}

function linkWheel(tensorflow) {
  const deps = path.join(tfjsPackage, 'deps');
  fs.mkdirSync(path.join(deps, 'lib'), { recursive: true });
  replaceLink(path.join(tensorflow, 'include'), path.join(deps, 'include'));
  for (const [name, library] of Object.entries(libraries)) {
    replaceLink(path.join(tensorflow, library), path.join(deps, 'lib', name));
  }
}

async function buildBinding({ logFile, headers, tensorflow }) {
  // Built beside its place and moved there, so that a half-built one is never loaded.
  const staging = path.join(tfjsPackage, 'build', 'ready');
  await run(
    process.execPath,
    [
      path.join(packageFolder('node-gyp'), 'bin', 'node-gyp.js'),
      'rebuild',
      `--nodedir=${headers}`,
      '--module_name=tfjs_binding',
      `--module_path=${staging}`,
      '--napi_build_version=8',
    ],
    {
      logFile,
      cwd: tfjsPackage,
      env: {
        ...process.env,
        npm_config_python: fs.existsSync(venvPython) ? venvPython : 'python3',
        LDFLAGS: `${process.env.LDFLAGS || ''} -Wl,-rpath,${tensorflow}`.trim(),
      },
    },
  );
  fs.mkdirSync(path.dirname(addon), { recursive: true });
  fs.renameSync(path.join(staging, 'tfjs_binding.node'), addon);
}

async function buildEarly({ source, file }, { logFile, compiler, headers, tensorflow }) {
  const staging = `${file}.${process.pid}`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  await run(
    compiler,
    ['-std=c++17', '-O1', '-fPIC', '-shared', source, '-o', staging]
      .concat(['-isystem', path.join(headers, 'include', 'node')])
      .concat(['-isystem', path.join(tensorflow, 'include')])
      .concat(['-ldl']),
    { logFile },
  );
  fs.renameSync(staging, file);
}

const smallTest = [
  'process.argv.slice(1).forEach((addon) => require(addon));',
  "const tf = require('@tensorflow/tfjs-node-gpu');",
  'const sum = tf.tensor1d([1, 2, 3]).sum().dataSync()[0];',
  "if (sum !== 6) throw new Error('1 + 2 + 3 came out as ' + sum);",
].join(' ');

export const nativeAddon = {
  name: 'native-addon',
  title: "TensorFlow's native addon",
  needs: ['node-packages', 'python-packages'],
  disk: 0.1,
  inputs: () => ({
    tensorflow: tensorflowFolder(),
    early: earlyAddons.map(({ source }) => sha256(fs.readFileSync(source))),
    tfjs: JSON.parse(fs.readFileSync(path.join(tfjsPackage, 'package.json'), 'utf8')).version,
    // another TensorFlow in the same folder
    wheel: fs.statSync(path.join(tensorflowFolder(), 'libtensorflow_cc.so.2')).mtimeMs,
  }),
  missing() {
    const wanted = [
      addon,
      ...earlyAddons.map(({ file }) => file),
      ...Object.keys(libraries).map((name) => path.join(tfjsPackage, 'deps', 'lib', name)),
    ];
    const lacking = wanted.find((file) => !fs.existsSync(file));
    return lacking === undefined ? null : `${path.relative(root, lacking)} is missing`;
  },
  remedy: 'Read the log. A compiler of C++17 is needed (g++ 9 or newer), and about 1 GB of memory.',
  async run({ logFile }) {
    const headers = findNodeHeaders(process.execPath);
    const { compiler } = findCompiler();
    const tensorflow = tensorflowFolder();
    linkWheel(tensorflow);
    await buildBinding({ logFile, headers, tensorflow });
    for (const early of earlyAddons) {
      await buildEarly(early, { logFile, compiler, headers, tensorflow });
    }
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
    try {
      const files = earlyAddons.map(({ file }) => file);
      await run(process.execPath, ['-e', smallTest, ...files], { logFile, cwd: root, env });
    } catch (error) {
      throw new SetupFailure(
        `it was built, but cannot add numbers:\n    ${error.excerpt.slice(-4).join('\n    ')}`,
        'If a library is said to be missing, delete .venv and run the command again.',
      );
    }
  },
};
