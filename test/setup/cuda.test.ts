/**
 * The whole way of somebody who asks for a GPU, with the real wheels, on a machine that has none: TensorFlow's CUDA build
 * computes on a CPU, too. Fetches 3.4 GB: in CI, or where SDM_TEST_CUDA=1 asks for it (scripts/test/cuda.mjs).
 */
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadScript, root } from '../support/script';
import { CudaClone } from './cuda-clone';

const { whyWithoutCuda } = loadScript<{ whyWithoutCuda: () => string | null }>('test/cuda.mjs');
const { announcement } = loadScript<{
  announcement: (device: string, isSeen: boolean) => string;
}>('setup/tensorflow-package.mjs');
const { installedVersions, parsePins, sitePackages } = loadScript<{
  installedVersions: (folder: string) => Map<string, string>;
  parsePins: (text: string, python: number[]) => Map<string, string>;
  sitePackages: (folder: string) => string | null;
}>('setup/python-environment.mjs');
const { noGpu } = loadScript<{ noGpu: string }>('doctor/gpu.mjs');

const requirements = fs.readFileSync(path.join(root, 'requirements-gpu.txt'), 'utf8');
const pins = parsePins(requirements, [3, 13]);

const why = whyWithoutCuda();
if (why !== null) console.log(`${path.relative(root, __filename)} does not run: ${why}`);

/** What hangs is told before CI as a whole is ended; at home a line may be slow. */
const minutes = process.env.CI ? 20 : 60;
vi.setConfig({ testTimeout: (minutes + 1) * 60_000, hookTimeout: 600_000 });

/** Opens TensorFlow as notebooks do, and tells which libraries the process has then. */
const tellLibraries = `
  const { tf } = require('./dist/backend/node/index.js');
  tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync();
  const maps = require('node:fs').readFileSync('/proc/self/maps', 'utf8');
  console.log([...new Set(maps.match(/\\/.*\\.(so[.\\d]*|node)$/gm))].join('\\n'));`;

describe.skipIf(why !== null)("a fresh clone with CUDA's wheels, on the CPU", () => {
  let clone: CudaClone;
  beforeAll(() => {
    clone = new CudaClone();
    return () => clone.remove();
  });

  let isSetUp = false;
  const thenIt = (name: string, check: () => void | Promise<void>): void =>
    it(name, async ({ skip }) => {
      skip(!isSetUp, 'the set-up has failed');
      await check();
    });

  it('is set up by `SDM_DEVICE=gpu npm run setup`, which says before what it costs', async () => {
    const said = await clone.run('set-up', ['npm', 'run', 'setup'], minutes);
    expect(said.split('\n')).toContain(announcement('gpu', false));
    expect(said).toMatch(/^set-up: complete after [\d.]+ s\nEverything is set up\./m);
    expect(said).not.toContain('not built'); // the library's own ops, for want of which all is slower
    isSetUp = true;
  });

  thenIt('has every pinned wheel, and not the one without CUDA', () => {
    const installed = installedVersions(path.join(clone.folder, '.venv'));
    expect(pins.size).toBe(13);
    expect(Object.fromEntries(installed)).toMatchObject(Object.fromEntries(pins));
    expect(installed.has('tensorflow-cpu')).toBe(false);
  });

  thenIt('is not set up a second time', async () => {
    const said = await clone.run('second set-up', ['npm', 'run', 'setup']);
    const lines = said.split('\n').filter((line) => line !== '' && !line.startsWith('> '));
    expect(lines).toEqual(['Everything is set up. `npm start` opens JupyterLab.']);
  });

  thenIt("loads CUDA's TensorFlow, its runtime, and ops built for it", async () => {
    fs.writeFileSync(path.join(clone.folder, 'libraries.cjs'), tellLibraries);
    const told = await clone.run('loading', ['node', 'libraries.cjs']);
    const site = fs.realpathSync(sitePackages(path.join(clone.folder, '.venv'))!);
    expect(told.trim().split('\n')).toEqual(
      expect.arrayContaining([
        path.join(site, 'tensorflow', 'libtensorflow_cc.so.2'),
        path.join(site, 'nvidia', 'cuda_runtime', 'lib', 'libcudart.so.12'), // that build alone wants it
        path.join(fs.realpathSync(clone.folder), '.setup', 'native', 'fused-ops.node'),
      ]),
    );
  });

  thenIt('is all right by the doctor, who has found no GPU', async () => {
    const said = await clone.run('doctor', ['npm', 'run', 'doctor']);
    const lines = said.split('\n');
    const version = pins.get('tensorflow');
    expect(lines).toEqual(
      expect.arrayContaining([
        `OK    TensorFlow: ${version} of the wheel tensorflow ${version}`,
        `OK    GPU: ${noGpu}`,
        `OK    device: cpu: ${noGpu}`,
        'All is well.',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('FAIL'))).toEqual([]);
  });

  thenIt('computes models and losses of diffusers and PyTorch by `npm run gpu-check`', async () => {
    const command = ['npm', 'run', 'gpu-check', '--', '--only', 'models,losses'] as const;
    const said = await clone.run('gpu-check', command);
    expect(said).toContain('\nNo GPU found: the CPU was checked.\n');
    expect(said).toMatch(/^All \d+ are within their bounds\.$/m);
  });

  thenIt('passes the tests of graphs and layers', async () => {
    const vitest = ['npx', 'vitest', 'run', 'test/jit', 'test/nn', '--reporter=default'] as const;
    const said = await clone.run('tests', [...vitest, '--reporter=json', '--outputFile.json=told.json']); // prettier-ignore
    const told = JSON.parse(fs.readFileSync(path.join(clone.folder, 'told.json'), 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    expect(told.numFailedTests, said).toBe(0);
    expect(told.numPassedTests).toBeGreaterThan(500);
  });
});
