// What is installed of Python packages: JupyterLab, and what only tests and other engines use.
import { probePython } from './check.mjs';
import { SetupFailure } from './failure.mjs';
import { clusterVenv, inRoot, parityVenv, venv } from './paths.mjs';
import {
  environmentMismatch,
  install,
  makeAndInstall,
  registryRemedy,
} from './python-environment.mjs';

/** What a requirements file adds to an environment that is there. */
const packagesOf = ({ folder, file, ...step }) => ({
  ...step,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(folder, [inRoot(file)]),
  remedy: registryRemedy,
  run: ({ logFile }) => install({ folder, files: [inRoot(file)], logFile }),
});

/** JupyterLab, and the tools that run and convert notebooks. */
export const pythonPackages = packagesOf({
  name: 'python-packages',
  title: 'Python packages',
  needs: ['python-environment'],
  disk: 0.3,
  folder: venv,
  file: 'requirements.txt',
});

/** Jupyter's own tests of kernels, beside JupyterLab. */
export const kernelTestPackages = packagesOf({
  name: 'kernel-test-packages',
  title: "Jupyter's tests of kernels",
  needs: ['python-packages'],
  disk: 0.1,
  folder: venv,
  file: 'requirements-test.txt',
});

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
    await makeAndInstall({
      folder: parityVenv,
      files,
      python,
      logFile,
      options: ['--no-compile'], // a fraction of it is ever imported
    });
  },
};

/** What torch.compile makes kernels for a GPU with; only where it is compared with. */
export const compilePackages = packagesOf({
  name: 'compile-packages',
  title: 'Python package of torch.compile on a GPU',
  needs: ['parity-packages'],
  disk: 0.7,
  folder: parityVenv,
  file: 'requirements-parity-gpu.txt',
});

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
    makeAndInstall({
      folder: clusterVenv,
      files: [inRoot('requirements-cluster.txt')],
      python,
      logFile,
    }),
};
