import { tf } from '../../../lib/backend';
import type { OpAttribute } from '../../../lib/backend/node';
import { numbers, attribute, T, raw, type Case } from './case';

export function linear(): Record<string, Case> {
  const image = numbers(2, 5, 6, 3);
  const conv = (
    stride: number,
    pad: 'same' | 'valid' | tf.backend_util.ExplicitPadding,
    dilation = 1,
  ): Case => ({
    inputs: [image, numbers(3, 3, 3, 4)],
    run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, pad, 'NHWC', dilation),
    gradient: dilation === 1 && typeof pad === 'string',
  });
  const product = (a: tf.Tensor, b: tf.Tensor, ...transposed: boolean[]): Case => ({
    inputs: [a, b],
    run: (x, y) => tf.matMul(x, y, ...transposed),
  });
  const dims = (...names: string[]): OpAttribute[] =>
    names.map((name) => attribute.int(name, [1, 1, 1, 1]));
  return {
    matMul: product(numbers(2, 3), numbers(3, 4)),
    'matMul of batches': product(numbers(2, 3, 4), numbers(2, 5, 4), false, true),
    'matMul, first transposed': product(numbers(2, 4, 3), numbers(2, 4, 5), true, false),
    'matMul that broadcasts': {
      ...product(numbers(2, 2, 3, 4), numbers(2, 4, 5)),
      gradient: false,
    },
    MatMul: raw(
      'MatMul',
      [T(), attribute.bool('transpose_a', true), attribute.bool('transpose_b', true)],
      numbers(3, 2),
      numbers(4, 3),
    ),
    BatchMatMul: raw('BatchMatMul', [T()], numbers(2, 3, 4), numbers(2, 4, 1)),
    'fused matMul': {
      inputs: [numbers(2, 3), numbers(3, 4), numbers(4)],
      run: (a, b, bias) =>
        tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: 'relu' }),
    },
    dot: { inputs: [numbers(3), numbers(3)], run: tf.dot },
    einsum: {
      inputs: [numbers(2, 3, 4), numbers(2, 4, 5)],
      run: (a, b) => tf.einsum('bij,bjk->bki', a, b),
      gradient: false,
    },
    BiasAdd: raw('BiasAdd', [T()], image, numbers(3)),
    BiasAddGrad: raw('BiasAddGrad', [T()], image),
    'conv2d, same': conv(1, 'same'),
    'conv2d, valid': conv(1, 'valid'),
    'conv2d, stride 2, same': conv(2, 'same'),
    'conv2d, stride 2, valid': conv(2, 'valid'),
    'conv2d, dilated': conv(1, 'valid', 2),
    'conv2d, padded': conv(2, [
      [0, 0],
      [1, 1],
      [1, 2],
      [0, 0],
    ]),
    'fused conv2d': {
      inputs: [image, numbers(1, 1, 3, 2), numbers(2)],
      run: (x, filter, bias) =>
        tf.fused.conv2d({
          x: x as tf.Tensor4D,
          filter: filter as tf.Tensor4D,
          bias,
          strides: 1,
          pad: 'same',
          activation: 'sigmoid',
        }),
      gradient: false,
    },
    conv2dTranspose: {
      inputs: [numbers(1, 3, 3, 4), numbers(3, 3, 2, 4)],
      run: (x, w) =>
        tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [1, 6, 6, 2], 2, 'same'),
    },
    conv1d: {
      inputs: [numbers(2, 7, 3), numbers(3, 3, 2)],
      run: (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same'),
    },
    conv3d: {
      inputs: [numbers(1, 4, 4, 4, 2), numbers(2, 2, 2, 2, 3)],
      run: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 2, 'same'),
    },
    depthwiseConv2d: {
      inputs: [image, numbers(3, 3, 3, 2)],
      run: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'valid'),
    },
    dilation2d: {
      inputs: [image, numbers(2, 2, 3)],
      run: (x, w) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'same'),
      gradient: false,
    },
    Dilation2DBackpropInput: raw(
      'Dilation2DBackpropInput',
      [T(), ...dims('strides', 'rates'), attribute.text('padding', 'SAME')],
      image,
      numbers(2, 2, 3),
      image,
    ),
    Dilation2DBackpropFilter: raw(
      'Dilation2DBackpropFilter',
      [T(), ...dims('strides', 'rates'), attribute.text('padding', 'SAME')],
      image,
      numbers(2, 2, 3),
      image,
    ),
  };
}
