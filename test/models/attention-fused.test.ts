/** A layer put in a projection's place (an adapter, say) is computed, not read over by the fused projection. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { Attention } from '../../lib/models/attention';
import { Linear } from '../../lib/nn/layers';
import { Generator, randn } from '../../lib/random';

const stream = () => new Generator(3).stream('init');
const withoutBias = { bias: false };

/** y = x Wᵀ + x Uᵀ, as a low-rank adapter adds to a layer. */
class Adapted extends Linear {
  readonly added = new Linear(16, 16, new Generator(4).stream('init'), withoutBias);
  override forward<T extends tf.Tensor>(x: T): T {
    return tf.add(super.forward(x), this.added.forward(x));
  }
}

it.each(['to_q', 'to_k', 'to_v'] as const)('computes an adapter in the place of %s', (name) => {
  const attention = new Attention(16, { heads: 2, dim_head: 8 }, stream());
  const adapted = new Adapted(16, 16, stream(), withoutBias);
  adapted.weight.assign(attention[name].weight);
  const x = randn<tf.Rank.R3>([2, 5, 16], [1, 2]);

  const adapting = Object.assign(attention, { [name]: adapted })
    .forward(x)
    .dataSync();

  // The same layer with the sum of both weights, in the fused projection.
  const merged = new Linear(16, 16, stream(), withoutBias);
  merged.weight.assign(tf.add(adapted.weight, adapted.added.weight));
  const expected = Object.assign(attention, { [name]: merged })
    .forward(x)
    .dataSync();
  adapting.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-5);
  });
});

it('computes the bias of a projection that has one', () => {
  const attention = new Attention(16, { heads: 2, dim_head: 8 }, stream());
  const x = randn<tf.Rank.R3>([2, 5, 16], [1, 2]);
  const biased = new Linear(16, 16, stream());
  biased.weight.assign(attention.to_v.weight);
  const plain = attention.forward(x);
  const shifted = Object.assign(attention, { to_v: biased }).forward(x);
  // Attention's weights add up to 1: the bias of the values goes through to_out as it is.
  const shift = tf.matMul(
    tf.reshape<tf.Rank.R2>(biased.bias!, [1, 16]),
    attention.to_out[0].weight,
    false,
    true,
  );
  const difference = tf.max(tf.abs(tf.sub(tf.sub(shifted, plain), shift))).dataSync()[0];
  expect(difference).toBeLessThan(1e-5);
});
