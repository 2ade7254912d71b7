/** Models and samplers on a backend of tfjs that knows nothing of Node: its own, in JavaScript. */
import { expect, it } from 'vitest';
import { compiled } from '../support/compiled';
import { tinySample } from './tiny-sample';

const SCRIPT = `
  const { tf } = require('./lib/backend');
  require('@tensorflow/tfjs-backend-cpu');
  const images = require('./test/growth/tiny-sample').tinySample(5);
  const loaded = [...Object.keys(require.cache), ...process.moduleLoadList];
  console.log(JSON.stringify([tf.getBackend(), tf.memory().numTensors, images, loaded]));
`;

it('samples without tfjs-node the images that tfjs-node gives', () => {
  // With tfjs-core's types alone, what only tfjs-node has would not compile.
  const child = compiled('test/growth/tiny-sample.ts');
  const printed = JSON.parse(child.run(SCRIPT)) as [string, number, number[], string[]];
  child.dispose();
  const [backend, tensors, images, loaded] = printed;
  expect([backend, tensors, images.length]).toEqual(['cpu', 0, 2 * 8 * 8]);
  expect(loaded.some((name) => name.includes('tfjs-core'))).toBe(true);
  expect(loaded.filter((name) => /tfjs-node|\.node$/.test(name))).toEqual([]);
  const difference = (others: number[]) =>
    Math.max(...others.map((x, i) => Math.abs(x - images[i]!)));
  expect(difference(tinySample(5))).toBeLessThan(1e-4);
  expect(difference(tinySample(6))).toBeGreaterThan(0.1);
});
