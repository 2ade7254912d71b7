// TensorFlow's native libraries and headers: a Python wheel that no Python imports.
import fs from 'node:fs';
import path from 'node:path';
import { isAtLeast, parseVersion } from './check.mjs';
import { chooseDevice, seesGpu } from './device.mjs';
import { inRoot, venv } from './paths.mjs';
import {
  environmentMismatch,
  install,
  installedVersions,
  lacksPython,
  makeEnvironment,
  registryRemedy,
  sitePackages,
} from './python-environment.mjs';
import { tensorflowLibraries } from './systems.mjs';

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

/** The environment of JupyterLab and of TensorFlow's wheel. */
export const pythonEnvironment = {
  name: 'python-environment',
  title: 'Python environment',
  disk: 0.1,
  verified: true,
  inputs: () => chooseDevice(),
  missing() {
    const other = otherWheel();
    if (installedVersions(venv).has(other)) return `${other} is installed, for another device`;
    return lacksPython(venv);
  },
  remedy: 'Check that the disk is not full, delete .venv and run the command again.',
  run: ({ logFile, python }) => makeEnvironment({ folder: venv, python, logFile }),
};

/** A library of which not all is there (null: none), by what the wheel says of its size. */
export function cutLibrary(site, platform = process.platform) {
  const info = fs
    .readdirSync(site)
    .find((entry) => /^tensorflow(_cpu)?-.*\.dist-info$/.test(entry));
  const record = fs.readFileSync(path.join(site, info, 'RECORD'), 'utf8');
  const isCut = (file) => {
    const line = `\n${record}`.split(`\n${path.relative(site, file)},`)[1] ?? '';
    const size = Number(/^[^,]*,(\d+)/.exec(line)?.[1]);
    return fs.statSync(file, { throwIfNoEntry: false })?.size !== size;
  };
  return tensorflowLibraries(path.join(site, 'tensorflow'), platform).find(isCut) ?? null;
}

/** Takes TensorFlow's own Python away, a sixth of a gigabyte that cannot be imported: nothing that it needs is there. */
export function removePython(site) {
  const folder = path.join(site, 'tensorflow');
  for (const entry of fs.readdirSync(folder)) {
    if (/^(include|lib.+\.(so|dylib)(\.\d+)*|.*(NOTICE|LICENSE).*)$/.test(entry)) continue;
    fs.rmSync(path.join(folder, entry), { recursive: true });
  }
}

/** In GB: what is fetched for a GPU, and what lies on the disk while pip unpacks it. */
const cudaDownload = 3.4;
const cudaDisk = 8.6;

/** What is to be known before CUDA's libraries are fetched, or null. */
export function announcement(device = chooseDevice(), isSeen = seesGpu()) {
  if (device === 'cpu') return null;
  const cost = `for a GPU ${cudaDownload} GB are fetched, and up to ${cudaDisk} GB of disk are used`;
  const without = '; no GPU found, so all will run on the CPU: SDM_DEVICE=cpu does without them';
  return `set-up: ${cost}${isSeen ? ' (SDM_DEVICE=cpu does without)' : without}`;
}

export const tensorflowPackage = {
  name: 'tensorflow-package',
  title: "TensorFlow's libraries (a Python wheel)",
  needs: ['python-environment'],
  verified: true,
  inputs: () => chooseDevice(),
  remedy: registryRemedy,
  get disk() {
    return chooseDevice() === 'gpu' ? cudaDisk : 1.5;
  },
  missing() {
    if (process.env.SDM_TENSORFLOW) return null;
    const mismatch = environmentMismatch(venv, [inRoot(tensorflowFile())]);
    if (mismatch !== null) return mismatch;
    const cut = cutLibrary(sitePackages(venv));
    return cut === null ? null : `${path.basename(cut)} is not all there`;
  },
  async run({ logFile, say }) {
    const told = announcement();
    if (told !== null) say?.(told);
    const site = sitePackages(venv);
    const options = tensorflowOptions(parseVersion(path.basename(path.dirname(site))), site);
    // What pip moves to its place comes from the same disk: else it would be copied, and could be cut off.
    const temporary = path.join(venv, 'tmp');
    fs.rmSync(temporary, { recursive: true, force: true }); // of a set-up that was ended
    fs.mkdirSync(temporary);
    try {
      const files = [inRoot(tensorflowFile())];
      const env = { TMPDIR: temporary };
      await install({ folder: venv, files, logFile, anew: true, options, env });
      removePython(site);
    } finally {
      fs.rmSync(temporary, { recursive: true, force: true });
    }
  },
};
