/** Against torch; see scripts/export_contrastive_goldens.py. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { contrastiveLoss } from '../../lib/emoji/judge/contrastive-loss';
import { loadGolden } from '../support/golden';

const golden = loadGolden('contrastive');
const given = (name: string) => golden.get(name)!.data as Float32Array;
const matrix = (name: string) =>
  tf.tensor2d(given(name), golden.get(name)!.shape as [number, number]);

/** Length of the difference over the length of what is wanted. */
function offBy(found: ArrayLike<number>, wanted: Float32Array): number {
  const length = (values: Float32Array) => Math.hypot(...values);
  return length(wanted.map((value, i) => value - found[i]!)) / length(wanted);
}

it('loss and gradients are those of torch', () => {
  const inputs = [
    matrix('pictures'),
    matrix('captions'),
    tf.scalar(given('logit_scale')[0]!),
  ] as const;
  const { value, grads } = tf.valueAndGrads((...[pictures, captions, scale]: tf.Tensor[]) =>
    contrastiveLoss(pictures as tf.Tensor2D, captions as tf.Tensor2D, scale as tf.Scalar),
  )([...inputs]);
  expect(Math.abs(value.dataSync()[0]! / given('loss')[0]! - 1)).toBeLessThan(1e-6);
  for (const [i, name] of ['pictures', 'captions', 'logit_scale'].entries()) {
    expect(offBy(grads[i]!.dataSync(), given(`grad.${name}`)), name).toBeLessThan(1e-5);
  }
  tf.dispose([...inputs, value, ...grads]);
});

it('leaks nothing', () => {
  const [pictures, captions, scale] = [matrix('pictures'), matrix('captions'), tf.scalar(1)];
  expect(() => contrastiveLoss(pictures, captions, scale).dispose()).toLeakNothing();
  tf.dispose([pictures, captions, scale]);
});
