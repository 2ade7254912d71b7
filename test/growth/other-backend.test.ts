/** Models and samplers on a backend of tfjs that knows nothing of Node: its own, in JavaScript. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { tinySample } from './tiny-sample';

const folder = mkdtempSync(path.join(tmpdir(), 'other-backend-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs Node in the folder; what it prints, also in the message if it fails. */
function node(...args: string[]): string {
  const env = { ...process.env, NODE_PATH: path.join(root, 'node_modules') };
  const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
  if (run.status !== 0) throw new Error(`${args.join(' ')}:\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

const SCRIPT = `
  const { tf } = require('./lib/backend');
  require('@tensorflow/tfjs-backend-cpu');
  const images = require('./test/growth/tiny-sample').tinySample(5);
  const loaded = [...Object.keys(require.cache), ...process.moduleLoadList];
  console.log(JSON.stringify([tf.getBackend(), tf.memory().numTensors, images, loaded]));
`;

it('samples without tfjs-node the images that tfjs-node gives', () => {
  // Compiled by itself: with tfjs-core's types alone, what only tfjs-node has would not compile.
  const typeRoots = [path.join(root, 'node_modules', '@types')];
  const compilerOptions = { rootDir: root, outDir: '.', incremental: false, typeRoots };
  const files = [path.join(root, 'test', 'growth', 'tiny-sample.ts')];
  const config = { extends: path.join(root, 'tsconfig.json'), compilerOptions, files, include: [] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  node(path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'));

  const printed = JSON.parse(node('-e', SCRIPT)) as [string, number, number[], string[]];
  const [backend, tensors, images, loaded] = printed;
  expect([backend, tensors, images.length]).toEqual(['cpu', 0, 2 * 8 * 8]);
  expect(loaded.some((name) => name.includes('tfjs-core'))).toBe(true);
  expect(loaded.filter((name) => /tfjs-node|\.node$/.test(name))).toEqual([]);
  const difference = (others: number[]) =>
    Math.max(...others.map((x, i) => Math.abs(x - images[i]!)));
  expect(difference(tinySample(5))).toBeLessThan(1e-4);
  expect(difference(tinySample(6))).toBeGreaterThan(0.1);
});
