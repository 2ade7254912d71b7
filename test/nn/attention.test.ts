import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { mergeHeads, scaledDotProductAttention, splitHeads } from '../../lib/nn/attention';
import { expectAsTorch, tensorOf } from './torch-case';

const inputs = ['query', 'key', 'value'];

function attention(mask: tf.Tensor2D | null) {
  return (...qkv: tf.Tensor[]): tf.Tensor => {
    const [q, k, v] = qkv as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    return scaledDotProductAttention(q, k, v, mask);
  };
}

it("gives torch's numbers and gradients", () => {
  expectAsTorch('attention', attention(null), { inputs });
});

it.each(['attention_causal', 'attention_bias'])('the same with a mask: %s', (name) => {
  const mask = tensorOf(`${name}.mask`) as tf.Tensor2D;
  expectAsTorch(name, attention(mask), { inputs });
  mask.dispose();
});

it('sees nothing behind a closed mask', () => {
  const result = tf.tidy(() => {
    const mask = tensorOf('attention_causal.mask') as tf.Tensor2D;
    const [q, k, v] = inputs.map((key) => tensorOf(`attention_causal.in.${key}`)) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const kept = tf.slice(v, [0, 0, 0, 0], [2, 3, 5, 4]);
    const changed = tf.concat([kept, tf.fill([2, 3, 1, 4], 1000)], 2) as tf.Tensor4D;
    const rows = (value: tf.Tensor4D) =>
      tf.slice(scaledDotProductAttention(q, k, value, mask), [0, 0, 0, 0], [2, 3, 5, 4]);
    return { before: rows(v).dataSync(), after: rows(changed).dataSync() };
  });
  expect(result.after).toEqual(result.before);
});

it('splits heads as torch views them, and merges them back', () => {
  tf.tidy(() => {
    const x = tf.range(0, 24).reshape([1, 3, 8]) as tf.Tensor3D;
    const heads = splitHeads(x, 2);
    expect(heads.shape).toEqual([1, 2, 3, 4]);
    const second = tf.slice(heads, [0, 1, 0, 0], [1, 1, 3, 4]).dataSync();
    expect([...second]).toEqual([4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23]);
    expect(mergeHeads(heads).arraySync()).toEqual(x.arraySync());
  });
});
