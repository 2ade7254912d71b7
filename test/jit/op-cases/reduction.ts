import { tf } from '../../../lib/backend';
import { typeAttribute } from '../../../lib/backend/node';
import { numbers, positive, int, bools, attribute, T, unary, raw, type Case } from './case';

export function reductions(): Record<string, Case> {
  const x = numbers(2, 3, 4);
  return {
    sum: unary((t) => tf.sum(t), x),
    'sum of axes': unary((t) => tf.sum(t, [0, -1]), x),
    'sum, kept': unary((t) => tf.sum(t, 1, true), x),
    'sum of an axis of size 1': unary((t) => tf.sum(t, 1), numbers(3, 1, 2)),
    mean: unary((t) => tf.mean(t, [1]), x),
    'mean of int32': { inputs: [int([1, 2, 4])], run: (t) => tf.mean(t) },
    moments: { inputs: [x], run: (t) => Object.values(tf.moments(t, [1], true)) as tf.Tensor[] },
    prod: unary((t) => tf.prod(t, 2), x),
    max: unary((t) => tf.max(t, 1), x),
    min: unary((t) => tf.min(t, [0, 1], true), x),
    logSumExp: unary((t) => tf.logSumExp(t, -1), x),
    norm: unary((t) => tf.norm(t, 2, 1), x),
    all: { inputs: [bools(1, 1, 0)], run: (t) => tf.all(t) },
    any: { inputs: [bools(1, 1, 0)], run: (t) => tf.any(t, 0, true) },
    argMax: { inputs: [x], run: (t) => tf.argMax(t, 1), gradient: false },
    argMin: { inputs: [x], run: (t) => tf.argMin(t, -1), gradient: false },
    cumsum: unary((t) => tf.cumsum(t, 2, true, true), x),
    cumprod: { ...unary((t) => tf.cumprod(t, 2), x), gradient: false },
    topk: { inputs: [x], run: (t) => Object.values(tf.topk(t, 2)), gradient: false },
    unsortedSegmentSum: {
      inputs: [numbers(4, 3), int([1, 0, 1, 2])],
      run: (t, ids) => tf.unsortedSegmentSum(t, ids as tf.Tensor1D, 5),
    },
    bincount: {
      inputs: [int([1, 2, 1]), numbers(3)],
      run: (t, weights) => tf.bincount(t as tf.Tensor1D, weights as tf.Tensor1D, 4),
    },
    denseBincount: {
      inputs: [int([1, 2, 1])],
      run: (t) => tf.bincount(t as tf.Tensor1D, tf.ones([3]) as tf.Tensor1D, 4),
    },
    L2Loss: raw('L2Loss', [T()], x),
    EuclideanNorm: raw(
      'EuclideanNorm',
      [T(), typeAttribute('Tidx', 'int32'), attribute.bool('keep_dims', false)],
      x,
      int([1]),
    ),
    softmaxCrossEntropy: {
      inputs: [numbers(2, 3), positive(2, 3)],
      run: (logits, labels) => tf.losses.softmaxCrossEntropy(labels, logits),
    },
  };
}
