import { tf } from '../../../lib/backend';
import { numbers, positive, type Case } from './case';

export function images(): Record<string, Case> {
  const image = numbers(2, 5, 6, 3);
  const of = (run: (x: tf.Tensor4D) => tf.Tensor, gradient = true): Case => ({
    inputs: [image],
    run: (x) => run(x as tf.Tensor4D),
    gradient,
  });
  return {
    avgPool: of((x) => tf.avgPool(x, 2, 2, 'same')),
    maxPool: of((x) => tf.maxPool(x, [2, 3], 1, 'valid')),
    avgPool3d: {
      inputs: [numbers(1, 4, 4, 4, 2)],
      run: (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same'),
    },
    maxPool3d: {
      inputs: [numbers(1, 4, 4, 4, 2)],
      run: (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'valid'),
    },
    batchNorm: {
      inputs: [image, numbers(3), positive(3), numbers(3), numbers(3)],
      run: (x, mean, variance, offset, scale) =>
        tf.batchNorm(
          x as tf.Tensor4D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
          1e-3,
        ),
    },
    localResponseNormalization: of((x) => tf.localResponseNormalization(x, 1)),
    resizeNearestNeighbor: of((x) => tf.image.resizeNearestNeighbor(x, [7, 14])),
    resizeBilinear: of((x) => tf.image.resizeBilinear(x, [3, 9])),
    cropAndResize: {
      inputs: [image],
      run: (x) =>
        tf.image.cropAndResize(
          x as tf.Tensor4D,
          tf.tensor2d([[0, 0, 0.5, 1]]),
          tf.tensor1d([1], 'int32'),
          [2, 2],
        ),
      gradient: false,
    },
  };
}
