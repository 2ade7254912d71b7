/** Matrix products and convolutions, with their gradients. */

import type { TensorSpec } from '../dtypes';
import { JitError } from '../../../../jit/errors';
import {
  boolAttribute,
  broadcast,
  dimension,
  input,
  intsAttribute,
  sameAs,
  sameAsFirst,
  shapeFrom,
  type OpCall,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

function product(call: OpCall, transposeA: boolean, transposeB: boolean): TensorSpec[] {
  const a = input(call, 0);
  const b = input(call, 1);
  const [rows, inner] = transposeA ? [-1, -2] : [-2, -1];
  const [innerB, columns] = transposeB ? [-1, -2] : [-2, -1];
  if (dimension(call, a, inner) !== dimension(call, b, innerB)) {
    throw new JitError(
      `${call.op}: inner sizes of [${a.shape.join()}] and [${b.shape.join()}] differ ` +
        `(transposed: ${transposeA}, ${transposeB}).`,
    );
  }
  const batch = broadcast(call, a.shape.slice(0, -2), b.shape.slice(0, -2));
  return [
    { shape: [...batch, dimension(call, a, rows), dimension(call, b, columns)], dtype: a.dtype },
  ];
}

const batchMatMul: ShapeFunction = (call) =>
  product(call, boolAttribute(call, 'adj_x'), boolAttribute(call, 'adj_y'));

const matMul: ShapeFunction = (call) =>
  product(call, boolAttribute(call, 'transpose_a'), boolAttribute(call, 'transpose_b'));

/** Sizes along the window's axes after a convolution or pooling. */
export function windowed(
  call: OpCall,
  sizes: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
  paddings: readonly number[],
): number[] {
  const padding = call.attribute('padding');
  return sizes.map((size, i) => {
    const stride = strides[i] ?? 1;
    if (padding === 'SAME') return Math.ceil(size / stride);
    const extent = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const padded = size + (paddings[2 * i] ?? 0) + (paddings[2 * i + 1] ?? 0);
    return Math.max(0, Math.floor((padded - extent) / stride) + 1);
  });
}

/** Convolution over all axes between batch and channels (NHWC, NDHWC). */
function convolution(call: OpCall, channels: number, depthwise: boolean): TensorSpec[] {
  const x = input(call, 0);
  const filter = input(call, 1);
  const format = call.attribute('data_format');
  if (format === 'NCHW' || format === 'NCDHW') {
    throw new JitError(`${call.op}: expected channels last, got ${format}.`);
  }
  const depth = dimension(call, x, -1);
  const filterDepth = dimension(call, filter, -2);
  if (depthwise ? filterDepth !== depth : depth % filterDepth !== 0) {
    throw new JitError(
      `${call.op}: input [${x.shape.join()}] has ${depth} channels, ` +
        `filter [${filter.shape.join()}] takes ${filterDepth}.`,
    );
  }
  const explicit = call.attribute('explicit_paddings');
  const sizes = windowed(
    call,
    x.shape.slice(1, -1),
    filter.shape.slice(0, -2),
    intsAttribute(call, 'strides').slice(1, -1),
    call.attribute('dilations') === undefined ? [] : intsAttribute(call, 'dilations').slice(1, -1),
    Array.isArray(explicit) ? explicit.map(Number).slice(2, -2) : [],
  );
  return [{ shape: [dimension(call, x, 0), ...sizes, channels], dtype: x.dtype }];
}

const conv: ShapeFunction = (call) => convolution(call, dimension(call, input(call, 1), -1), false);

const depthwiseConv: ShapeFunction = (call) => {
  const filter = input(call, 1);
  return convolution(call, dimension(call, filter, -2) * dimension(call, filter, -1), true);
};

/** Filters of dilation are [h, w, depth]. */
const dilation: ShapeFunction = (call) => {
  const x = input(call, 0);
  const sizes = windowed(
    call,
    x.shape.slice(1, -1),
    input(call, 1).shape.slice(0, 2),
    intsAttribute(call, 'strides').slice(1, -1),
    intsAttribute(call, 'rates').slice(1, -1),
    [],
  );
  return [{ shape: [dimension(call, x, 0), ...sizes, dimension(call, x, -1)], dtype: x.dtype }];
};

const einsum: ShapeFunction = (call) => {
  const [left = '', right = ''] = String(call.attribute('equation')).replace(/ /g, '').split('->');
  if (left.includes('.')) throw new JitError('Einsum: an ellipsis is not supported by jit.');
  const sizes = new Map<string, number>();
  left.split(',').forEach((labels, i) => {
    [...labels].forEach((label, axis) => sizes.set(label, dimension(call, input(call, i), axis)));
  });
  return [{ shape: [...right].map((label) => sizes.get(label) ?? 0), dtype: input(call, 0).dtype }];
};

export const LINEAR: ShapeTable = {
  MatMul: matMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  Einsum: einsum,
  BiasAdd: sameAsFirst,
  BiasAddGrad: (call) => [
    { shape: [dimension(call, input(call, 0), -1)], dtype: input(call, 0).dtype },
  ],
  Conv2D: conv,
  Conv2DBackpropInput: shapeFrom(0, 2),
  Conv2DBackpropFilter: shapeFrom(1, 0),
  Conv3D: conv,
  Conv3DBackpropInputV2: shapeFrom(0, 2),
  Conv3DBackpropFilterV2: shapeFrom(1, 0),
  DepthwiseConv2dNative: depthwiseConv,
  DepthwiseConv2dNativeBackpropInput: shapeFrom(0, 2),
  DepthwiseConv2dNativeBackpropFilter: shapeFrom(1, 0),
  Dilation2D: dilation,
  Dilation2DBackpropInput: sameAsFirst,
  Dilation2DBackpropFilter: sameAs(1),
};
