/** Residuals of a control net, as diffusers' UNet takes them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { Generator, randn } from '../../lib/random';
import { TINY_UNET } from '../support/tiny-configs';

let unet: UNet2DConditionModel;
beforeAll(() => (unet = new UNet2DConditionModel(TINY_UNET, new Generator(1).stream('init'))));
afterAll(() => unet.dispose());

/** The skip connections of TINY_UNET at 8 × 6 (conv_in, a resnet, a downsampler, a resnet with attention). */
const SHAPES = [
  [2, 8, 6, 16],
  [2, 8, 6, 16],
  [2, 4, 3, 16],
  [2, 4, 3, 32],
];
const inputs = () =>
  [
    randn<tf.Rank.R4>([2, 8, 6, 1], [1, 1]),
    tf.tensor1d([3, 700], 'int32'),
    randn<tf.Rank.R3>([2, 5, 32], [1, 2]),
  ] as const;
const residuals = (scale: number) =>
  SHAPES.map((shape, i) => tf.mul(randn(shape, [2, i]), scale) as tf.Tensor4D);

it('of zeros change nothing, others do, and an empty record is none', () => {
  tf.tidy(() => {
    const plain = unet.forward(...inputs()).dataSync();
    const mid = tf.zeros<tf.Rank.R4>([2, 4, 3, 32]);
    const zeros = {
      downBlockAdditionalResiduals: residuals(0),
      midBlockAdditionalResidual: mid,
    };
    expect(unet.forward(...inputs(), zeros).dataSync()).toEqual(plain);
    expect(unet.forward(...inputs(), {}).dataSync()).toEqual(plain);
    const down = { downBlockAdditionalResiduals: residuals(1) };
    expect(unet.forward(...inputs(), down).dataSync()).not.toBeCloseToMax(plain, 1e-2);
    const middle = { midBlockAdditionalResidual: tf.add<tf.Tensor4D>(mid, 1) };
    expect(unet.forward(...inputs(), middle).dataSync()).not.toBeCloseToMax(plain, 1e-3);
  });
});

it('are refused by shape and by name', () => {
  tf.tidy(() => {
    const short = { downBlockAdditionalResiduals: residuals(1).slice(1) };
    expect(() => unet.forward(...inputs(), short)).toThrow(
      'expected downBlockAdditionalResiduals as the skip connections [2, 8, 6, 16], [2, 8, 6, 16], [2, 4, 3, 16], [2, 4, 3, 32]',
    );
    const unknown = { controlnetCond: tf.zeros([2, 8, 6, 1]) } as object;
    expect(() => unet.forward(...inputs(), unknown)).toThrow(
      'midBlockAdditionalResidual, mask, maskedImageLatents, got controlnetCond',
    );
  });
});

it('leak nothing', () => {
  const [given, down] = [inputs(), residuals(1)];
  expect(() => {
    unet.forward(...given, { downBlockAdditionalResiduals: down }).dispose();
  }).toLeakNothing();
  tf.dispose([...given, ...down]);
});
