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

/** JupyterLab, and the tools that run and convert notebooks. */
export const pythonPackages = {
  name: 'python-packages',
  title: 'Python packages',
  needs: ['python-environment'],
  disk: 0.3,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(venv, [inRoot('requirements.txt')]),
  remedy: registryRemedy,
  run: ({ logFile }) => install({ folder: venv, files: [inRoot('requirements.txt')], logFile }),
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
  run: ({ logFile }) =>
    install({ folder: venv, files: [inRoot('requirements-test.txt')], logFile }),
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
export const compilePackages = {
  name: 'compile-packages',
  title: 'Python package of torch.compile on a GPU',
  needs: ['parity-packages'],
  disk: 0.7,
  verified: true,
  inputs: () => null,
  missing: () => environmentMismatch(parityVenv, [inRoot('requirements-parity-gpu.txt')]),
  remedy: registryRemedy,
  run: ({ logFile }) =>
    install({ folder: parityVenv, files: [inRoot('requirements-parity-gpu.txt')], logFile }),
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
    makeAndInstall({
      folder: clusterVenv,
      files: [inRoot('requirements-cluster.txt')],
      python,
      logFile,
    }),
};
