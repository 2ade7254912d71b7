// Python environments, with exactly the versions that the requirements files pin.
import fs from 'node:fs';
import path from 'node:path';
import { isAtLeast, parseVersion, probePython } from './check.mjs';
import { output, run } from './command.mjs';
import { chooseDevice } from './device.mjs';
import { SetupFailure } from './failure.mjs';
import { proxyNote } from './network.mjs';
import { clusterVenv, inRoot, jupyterEnvironment, parityVenv, root, venv } from './paths.mjs';

const normalized = (name) => name.toLowerCase().replace(/[-_.]+/g, '-');

/**
 * The pins of a requirements file as a map from normalized name to version; those for other Python
 * versions are left out.
 *
 * @param {string} text
 * @param {number[]} python the version
 */
export function parsePins(text, python) {
  const pins = new Map();
  for (const line of text.split('\n')) {
    const found = /^([\w.-]+)==([^\s;#]+)\s*(?:;\s*python_version\s*(<|>=)\s*"(\d+)\.(\d+)")?/.exec(
      line,
    );
    if (found === null) continue;
    const [, name, version, relation, major, minor] = found;
    if (relation && isAtLeast(python, [Number(major), Number(minor)]) !== (relation === '>='))
      continue;
    pins.set(normalized(name), version);
  }
  return pins;
}

/** The folder where an environment's packages are, or null. */
export function sitePackages(folder) {
  const lib = path.join(folder, 'lib');
  if (!fs.existsSync(lib)) return null;
  const name = fs.readdirSync(lib).find((entry) => /^python3\.\d+$/.test(entry));
  return name === undefined ? null : path.join(lib, name, 'site-packages');
}

function installedVersions(folder) {
  const site = sitePackages(folder);
  const versions = new Map();
  if (site === null || !fs.existsSync(site)) return versions;
  for (const entry of fs.readdirSync(site)) {
    const found = /^(.+)-([^-]+)\.dist-info$/.exec(entry);
    // pip writes RECORD last: a package without it is half-installed.
    if (found !== null && fs.existsSync(path.join(site, entry, 'RECORD'))) {
      versions.set(normalized(found[1]), found[2]);
    }
  }
  return versions;
}

/** What an environment lacks of its requirements, or null. */
function environmentMismatch(folder, files) {
  if (!fs.existsSync(path.join(folder, 'bin', 'python'))) {
    return `${path.basename(folder)} is missing or its Python has gone`;
  }
  const site = sitePackages(folder);
  const python = parseVersion(site === null ? null : path.basename(path.dirname(site)));
  if (python === null) return `${path.basename(folder)} is half-done`;
  const installed = installedVersions(folder);
  const lacking = [];
  for (const file of files) {
    for (const [name, version] of parsePins(fs.readFileSync(file, 'utf8'), python)) {
      if (installed.get(name) !== version) lacking.push(`${name} ${version}`);
    }
  }
  if (lacking.length === 0) return null;
  const more = lacking.length > 3 ? ` and ${lacking.length - 3} more` : '';
  return `${lacking.slice(0, 3).join(', ')}${more} not installed`;
}

async function makeEnvironment({ folder, files, tensorflow, python, logFile, pipOptions, clear }) {
  const own = path.join(folder, 'bin', 'python');
  if (clear || output(own, ['-c', 'import pip']) === null) {
    await run(python, ['-m', 'venv', '--clear', folder], { logFile });
  }
  const install = (given, options = []) => {
    const requirements = given.flatMap((file) => ['-r', path.relative(root, file)]);
    const always = ['--no-deps', '--disable-pip-version-check', '--no-input'];
    return run(own, ['-m', 'pip', 'install', ...always, ...options, ...requirements], {
      logFile,
      cwd: root,
      env: jupyterEnvironment(),
    });
  };
  const site = sitePackages(folder);
  const version = parseVersion(path.basename(path.dirname(site)));
  if (files.length > 0) await install(files, pipOptions);
  if (tensorflow) await install(tensorflow, tensorflowOptions(version, site));
}

const registryRemedy =
  `${proxyNote()}Check that the Python package index can be reached (\`pip download --no-deps -d /tmp six\`) and that the ` +
  'disk is not full, then run the command again: what has come is kept. A file that is said to be invalid was cut off on ' +
  'its way.';

/** The requirements of TensorFlow alone. Only on x64 has its wheel without CUDA a name of its own. */
export function tensorflowFile(device = chooseDevice(), arch = process.arch) {
  return device === 'cpu' && arch !== 'x64'
    ? 'requirements-arm64.txt'
    : `requirements-${device}.txt`;
}

/** The wheel of TensorFlow that is wanted here. */
export const tensorflowWheel = (device = chooseDevice(), arch = process.arch) =>
  tensorflowFile(device, arch) === 'requirements-cpu.txt' ? 'tensorflow-cpu' : 'tensorflow';

/** A wheel that shares the folder with the wanted one, so that one cannot be installed over the other. */
const otherWheel = () => (tensorflowWheel() === 'tensorflow' ? 'tensorflow-cpu' : 'tensorflow');

/** The last Python that TensorFlow has a wheel for. */
const lastWheel = [3, 13];

/**
 * pip's options for TensorFlow's wheel. No Python ever imports it, so none of it is compiled, and where there is none for
 * this Python, the one for another has the same libraries.
 *
 * @param {number[]} python the version
 * @param {string} site where this Python's packages are
 */
export function tensorflowOptions(python, site) {
  if (!isAtLeast(python, [lastWheel[0], lastWheel[1] + 1])) return ['--no-compile'];
  const wheel = ['--no-compile', '--python-version', lastWheel.join('.'), '--only-binary', ':all:'];
  return [...wheel, '--target', site, '--upgrade'];
}

/** The environment with JupyterLab and TensorFlow's native libraries. */
export const pythonPackages = {
  name: 'python-packages',
  title: 'Python packages',
  get disk() {
    return chooseDevice() === 'gpu' ? 9 : 1.9;
  },
  verified: true,
  inputs: () => chooseDevice(),
  missing() {
    const other = otherWheel();
    if (installedVersions(venv).has(other)) return `${other} is installed, for another device`;
    return environmentMismatch(venv, [inRoot('requirements.txt'), inRoot(tensorflowFile())]);
  },
  remedy: registryRemedy,
  async run({ logFile, python }) {
    const files = [inRoot('requirements.txt')];
    const clear = installedVersions(venv).has(otherWheel());
    const tensorflow = [inRoot(tensorflowFile())];
    await makeEnvironment({ folder: venv, files, tensorflow, python, logFile, clear });
  },
};

/** TensorFlow's native libraries alone, for who has installed the package and has no notebooks. */
export const tensorflowPackage = {
  name: 'tensorflow-package',
  title: "TensorFlow's libraries (a Python wheel)",
  verified: true,
  inputs: () => chooseDevice(),
  remedy: registryRemedy,
  get disk() {
    return chooseDevice() === 'gpu' ? 8 : 1.5;
  },
  missing() {
    if (process.env.SDM_TENSORFLOW) return null;
    return environmentMismatch(venv, [inRoot(tensorflowFile())]);
  },
  run: ({ logFile, python }) =>
    makeEnvironment({
      folder: venv,
      files: [],
      tensorflow: [inRoot(tensorflowFile())],
      python,
      logFile,
    }),
};

/** Jupyter's own tests of kernels, beside JupyterLab. */
export const kernelTestPackages = {
  name: 'kernel-test-packages',
  title: "Jupyter's tests of kernels",
  needs: ['python-packages'],
  disk: 0.1,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(venv, [inRoot('requirements-test.txt')]),
  remedy: registryRemedy,
  run: ({ logFile, python }) =>
    makeEnvironment({ folder: venv, files: [inRoot('requirements-test.txt')], python, logFile }),
};

/** The environment with PyTorch, diffusers and transformers, which only tests use. */
export const parityPackages = {
  name: 'parity-packages',
  title: 'Python packages of the parity tests',
  disk: 5,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(parityVenv, [inRoot('requirements-parity.txt')]),
  remedy: registryRemedy,
  async run({ logFile, python }) {
    const { version } = probePython(python);
    if (/^3\.10\./.test(version)) {
      throw new SetupFailure(
        `diffusers and transformers need Python 3.11 or newer, this is ${version}.`,
        'Name a newer one in SDM_PYTHON and run the command again.',
      );
    }
    const files = [inRoot('requirements-parity.txt')];
    await makeEnvironment({
      folder: parityVenv,
      files,
      python,
      logFile,
      pipOptions: ['--no-compile'], // a fraction of it is ever imported
    });
  },
};

/** The environment with Papermill and Ray, for `npm run setup -- --with cluster`. */
export const clusterPackages = {
  name: 'cluster-packages',
  title: 'Python packages for other engines',
  disk: 1,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(clusterVenv, [inRoot('requirements-cluster.txt')]),
  remedy: registryRemedy,
  run: ({ logFile, python }) =>
    makeEnvironment({
      folder: clusterVenv,
      files: [inRoot('requirements-cluster.txt')],
      python,
      logFile,
    }),
};
