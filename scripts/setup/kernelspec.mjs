// The kernel as Jupyter finds it: registered in .venv alone.
import fs from 'node:fs';
import path from 'node:path';
import { inRoot, kernelspecFolder } from './paths.mjs';

const file = path.join(kernelspecFolder, 'kernel.json');

const spec = () =>
  JSON.stringify(
    {
      argv: [process.execPath, inRoot('kernel', 'launcher.cjs'), '{connection_file}'],
      display_name: 'TypeScript (tslab)',
      language: 'typescript',
      interrupt_mode: 'signal',
      env: { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' },
      metadata: { debugger: false },
    },
    null,
    2,
  );

export const kernelspec = {
  name: 'kernelspec',
  title: 'Jupyter kernel',
  needs: ['python-packages'],
  disk: 0,
  verified: true,
  inputs: () => null,
  missing() {
    if (!fs.existsSync(file)) return 'the kernel is not registered';
    return fs.readFileSync(file, 'utf8') === spec() ? null : 'the kernel is registered differently';
  },
  remedy: 'Check that .venv can be written to, or delete it, and run the command again.',
  async run() {
    fs.mkdirSync(kernelspecFolder, { recursive: true });
    fs.writeFileSync(file, spec());
  },
};
