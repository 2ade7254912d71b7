import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { crossAttentionMaps } from '../../lib/pipelines/attention-maps';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { namedParameters } from '../../lib/nn/state-dict';
import { BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { Generator, randn } from '../../lib/random';

const stream = new Generator(3).stream('init');

describe('crossAttentionMaps', () => {
  const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, stream);
  const sample = randn<tf.Rank.R4>([1, 28, 28, 1], stream.next());
  const timestep = tf.tensor1d([500], 'int32');
  const context = randn<tf.Rank.R3>([1, 8, 512], stream.next());

  it('are what the output of each cross-attention is made of', () => {
    // softmax(q kᵀ / √D) times v, merged and projected, is the layer's own output
    const { attn2 } = unet.mid_block.attentions[0]!.transformer_blocks[0]!;
    tf.tidy(() => {
      const x = randn<tf.Rank.R3>([1, 16, 32], stream.next());
      const p = attn2.probabilities(x, context);
      const [, heads, , S] = p.shape;
      const v = tf.reshape(attn2.to_v.forward(context), [1, S, heads, -1]);
      const mixed = tf.matMul(p, tf.transpose(v, [0, 2, 1, 3])); // [1, heads, L, D]
      const merged = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [1, 16, -1]) as tf.Tensor3D;
      const expected = attn2.to_out[0].forward(merged).dataSync();
      expect(attn2.forward(x, context).dataSync()).toBeCloseToMax(expected, 2e-5);
    });
  });

  it('share each pixel among the tokens, and leave the model as it was', () => {
    const before = unet.forward(sample, timestep, context);
    const names = [...namedParameters(unet).keys()];
    const maps = crossAttentionMaps(unet, sample, timestep, context);
    expect(maps.shape).toEqual([28, 28, 8]);
    const sums = tf.tidy(() => maps.sum(2).dataSync());
    expect(Math.min(...sums)).toBeCloseTo(1, 5);
    expect(Math.max(...sums)).toBeCloseTo(1, 5);
    expect([...namedParameters(unet).keys()]).toEqual(names);
    const after = unet.forward(sample, timestep, context);
    expect(after.dataSync()).toEqual(before.dataSync());
    tf.dispose([before, after, maps]);
  });

  it('leaks nothing', () => {
    expect(() => crossAttentionMaps(unet, sample, timestep, context).dispose()).toLeakNothing();
  });

  it('takes one image at a time', () => {
    const two = tf.zeros<tf.Rank.R4>([2, 28, 28, 1]);
    expect(() => crossAttentionMaps(unet, two, timestep, context)).toThrow('got 2 images');
    two.dispose();
  });
});
