import { tf } from '../../../lib/backend';
import { executeOp, nodeBackend, typeAttribute } from '../../../lib/backend/node';
import { numbers, positive, int, attribute, T, unary, raw, type Case } from './case';

export function arrays(): Record<string, Case> {
  const x = numbers(2, 3, 4);
  const image = numbers(1, 4, 4, 2);
  const strided = (
    begin: number[],
    end: number[],
    strides: number[],
    ...masks: number[]
  ): Case => ({
    inputs: [x],
    run: (t) => tf.stridedSlice(t, begin, end, strides, ...masks),
    gradient: false,
  });
  return {
    reshape: unary((t) => tf.reshape(t, [4, -1]), x),
    'reshape twice': unary((t) => tf.mul(tf.reshape(tf.reshape(t, [6, 4]), [2, 3, 4]), t), x),
    expandDims: unary((t) => tf.expandDims(t, -2), x),
    squeeze: unary((t) => tf.squeeze(tf.expandDims(t, 1), [1]), x),
    Squeeze: raw('Squeeze', [T(), attribute.int('squeeze_dims', [1])], numbers(2, 1, 1)),
    'Squeeze of all': raw('Squeeze', [T(), attribute.int('squeeze_dims', [])], numbers(2, 1, 1)),
    transpose: unary((t) => tf.transpose(t, [2, 0, 1]), x),
    'transpose twice': unary((t) => tf.transpose(tf.transpose(t, [2, 0, 1]), [2, 1, 0]), x),
    'transpose and back': unary(
      (t) => tf.mul(tf.transpose(tf.transpose(t, [2, 0, 1]), [1, 2, 0]), t),
      x,
    ),
    'transpose of size 1': unary((t) => tf.transpose(t, [1, 2, 0]), numbers(1, 2, 3)),
    tile: unary((t) => tf.tile(t, [1, 2, 3]), x),
    'tile once': unary((t) => tf.tile(t, [1, 1, 1]), x),
    broadcastTo: unary((t) => tf.broadcastTo(t, [5, 2, 3]), numbers(2, 3)),
    BroadcastTo: raw(
      'BroadcastTo',
      [T(), typeAttribute('Tidx', 'int32')],
      numbers(2, 1),
      int([3, 2, 4]),
    ),
    concat: {
      inputs: [x, numbers(2, 1, 4), numbers(2, 2, 4)],
      run: (...all) => tf.concat(all, -2),
    },
    split: { inputs: [x], run: (t) => tf.split(t, 2, 2) },
    'split by sizes': { inputs: [x], run: (t) => tf.split(t, [1, 2], 1) },
    Split: {
      inputs: [x],
      run: (t) =>
        nodeBackend().executeMultipleOutputs(
          'Split',
          [T(), attribute.int('num_split', 2)],
          [tf.scalar(-1, 'int32'), t],
          2,
        ),
      gradient: false,
    },
    stack: { inputs: [x, positive(2, 3, 4)], run: (a, b) => tf.stack([a, b], 1) },
    unstack: { inputs: [x], run: (t) => tf.unstack(t, 1) },
    pad: unary(
      (t) =>
        tf.pad(
          t,
          [
            [0, 0],
            [1, 2],
            [0, 1],
          ],
          3,
        ),
      x,
    ),
    'pad nothing': unary(
      (t) =>
        tf.pad(t, [
          [0, 0],
          [0, 0],
          [0, 0],
        ]),
      x,
    ),
    Pad: raw('Pad', [T(), typeAttribute('Tpaddings', 'int32')], numbers(2), int([1, 2], [1, 2])),
    mirrorPad: {
      ...unary(
        (t) =>
          tf.mirrorPad(
            t,
            [
              [0, 0],
              [1, 1],
              [2, 1],
            ],
            'reflect',
          ),
        x,
      ),
      gradient: false,
    },
    MirrorPadGrad: raw(
      'MirrorPadGrad',
      [T(), typeAttribute('Tpaddings', 'int32'), attribute.text('mode', 'SYMMETRIC')],
      numbers(5),
      int([1, 2], [1, 2]),
    ),
    slice: unary((t) => tf.slice(t, [0, 1, 2], [2, -1, 1]), x),
    'slice of all': unary((t) => tf.slice(t, [0, 0, 0], [2, 3, 4]), x),
    stridedSlice: strided([0, 2, -1], [2, 0, -4], [1, -1, -2]),
    'stridedSlice, masks': strided([1, 1, 1], [2, 2, 2], [1, 1, 1], 1, 2, 0, 0, 4),
    'stridedSlice, ellipsis': strided([0, 1], [0, 3], [1, 1], 0, 0, 1),
    'stridedSlice, new axis': strided([0, 0, 1], [0, 2, 3], [1, 1, 1], 0, 0, 0, 1),
    reverse: unary((t) => tf.reverse(t, [0, 2]), x),
    flipLeftRight: {
      inputs: [image],
      run: (t) => tf.image.flipLeftRight(t as tf.Tensor4D),
      gradient: false,
    },
    fill: unary((t) => tf.mul(t, tf.fill([3, 4], 2.5)), x),
    Fill: {
      inputs: [tf.scalar(2)],
      run: (t) => executeOp('Fill', [T(), typeAttribute('index_type', 'int32')], [int([2, 3]), t]),
      gradient: false,
    },
    gather: {
      inputs: [x, int([2, 0, 2, 1], [2, 2])],
      run: (t, i) => tf.gather(t, i as tf.Tensor2D, 1),
    },
    'gather in batches': {
      inputs: [x, int([2, 0, 2, 1], [2, 2])],
      run: (t, i) => tf.gather(t, i as tf.Tensor2D, 1, 1),
    },
    'embedding with gradient': {
      inputs: [numbers(5, 3), int([1, 4, 1])],
      run: (t, i) => tf.mul(tf.gather(t, i as tf.Tensor1D), numbers(3, 3)),
    },
    gatherND: { inputs: [x, int([1, 2, 0, 0], [2, 2])], run: (t, i) => tf.gatherND(t, i) },
    scatterND: {
      inputs: [int([3, 0], [2, 1]), numbers(2, 3)],
      run: (i, t) => tf.scatterND(i, t, [5, 3]),
    },
    tensorScatterUpdate: {
      inputs: [numbers(4, 3), int([3, 0], [2, 1]), numbers(2, 3)],
      run: (t, i, updates) => tf.tensorScatterUpdate(t, i, updates),
    },
    TensorScatterAdd: raw(
      'TensorScatterAdd',
      [T(), typeAttribute('Tindices', 'int32')],
      numbers(4),
      int([3, 3], [2, 1]),
      numbers(2),
    ),
    sparseToDense: {
      inputs: [int([1, 3]), numbers(2), tf.scalar(0)],
      run: (i, t, otherwise) =>
        tf.sparseToDense(i as tf.Tensor1D, t as tf.Tensor1D, [5], otherwise as tf.Scalar),
    },
    oneHot: {
      inputs: [int([1, 0, 2])],
      run: (i) => tf.oneHot(i as tf.Tensor1D, 4, 2, -1, 'float32'),
    },
    diag: { ...unary((t) => tf.diag(t), numbers(3)), gradient: false },
    bandPart: { ...unary((t) => tf.linalg.bandPart(t, 1, 0), numbers(3, 3)), gradient: false },
    MatrixBandPart: raw(
      'MatrixBandPart',
      [T(), typeAttribute('Tindex', 'int32')],
      numbers(3, 3),
      tf.scalar(0, 'int32'),
      tf.scalar(-1, 'int32'),
    ),
    depthToSpace: {
      ...unary((t) => tf.depthToSpace(t as tf.Tensor4D, 2), numbers(1, 2, 2, 8)),
      gradient: false,
    },
    SpaceToDepth: raw('SpaceToDepth', [T(), attribute.int('block_size', 2)], image),
    spaceToBatchND: unary(
      (t) =>
        tf.spaceToBatchND(
          t,
          [2, 2],
          [
            [0, 0],
            [2, 2],
          ],
        ),
      image,
    ),
    batchToSpaceND: unary(
      (t) =>
        tf.batchToSpaceND(
          t,
          [2, 2],
          [
            [0, 0],
            [1, 0],
          ],
        ),
      numbers(4, 2, 2, 3),
    ),
    'Bitcast of packed bytes': {
      inputs: [int([0x04030201, 0x7f00ff80 | 0])],
      run: (t) => {
        const { TF_ATTR_TYPE } = nodeBackend().binding;
        const type = { name: 'type', type: TF_ATTR_TYPE, value: 4 };
        const bytes = executeOp('Bitcast', [typeAttribute('T', 'int32'), type], [t]);
        const from = { name: 'SrcT', type: TF_ATTR_TYPE, value: 4 };
        return executeOp('Cast', [from, typeAttribute('DstT', 'float32')], [bytes]);
      },
    },
    Bitcast: raw('Bitcast', [T(), typeAttribute('type', 'int32')], x),
  };
}
