import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { GroupNorm } from '../../lib/nn/layers';
import { groupNorm, layerNorm } from '../../lib/nn/normalization';
import { expectAsTorch } from './torch-case';

const inputs = ['x', 'weight', 'bias'];

it.each([
  ['group_norm', 4, 1e-5],
  ['group_norm_each_channel', 8, 1e-6],
  ['group_norm_one_group', 1, 1e-5],
  ['group_norm_far_mean', 2, 1e-5],
])("groupNorm gives torch's numbers and gradients: %s", (name, groups, eps) => {
  const run = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
    groupNorm(x as tf.Tensor4D, weight as tf.Tensor1D, bias as tf.Tensor1D, groups, eps);
  expectAsTorch(name, (x, w, b) => run(x!, w!, b!), { inputs, isImage: true });
});

it("layerNorm gives torch's numbers and gradients", () => {
  const run = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
    layerNorm(x, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5);
  expectAsTorch('layer_norm', (x, w, b) => run(x!, w!, b!), { inputs });
});

it('GroupNorm refuses groups that do not divide the channels', () => {
  const before = tf.memory().numTensors;
  expect(() => new GroupNorm(5, 12)).toThrow('num_groups (5) must divide num_channels (12)');
  expect(tf.memory().numTensors).toBe(before);
});
