/** Ops that reduce axes, or run along one. */

import { DType, type TensorSpec } from '../dtypes';
import {
  boolAttribute,
  input,
  intAttribute,
  positiveAxis,
  sameAsFirst,
  withSize,
  type OpCall,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

function reduced(call: OpCall): TensorSpec {
  const { shape, dtype } = input(call, 0);
  const axes = new Set(call.constant(1).map((axis) => positiveAxis(call, axis, shape.length)));
  const kept = boolAttribute(call, 'keep_dims')
    ? shape.map((size, axis) => (axes.has(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.has(axis));
  return { shape: kept, dtype };
}

const reduce: ShapeFunction = (call) => [reduced(call)];

const argument: ShapeFunction = (call) => {
  const { shape } = input(call, 0);
  const axis = positiveAxis(call, call.constant(1)[0] ?? 0, shape.length);
  const dtype = intAttribute(call, 'output_type', DType.int64);
  return [{ shape: shape.filter((_, i) => i !== axis), dtype }];
};

const topK: ShapeFunction = (call) => {
  const x = input(call, 0);
  const shape = withSize(x.shape, x.shape.length - 1, call.constant(1)[0] ?? 0);
  return [
    { shape, dtype: x.dtype },
    { shape, dtype: intAttribute(call, 'index_type', DType.int32) },
  ];
};

const segmentSum: ShapeFunction = (call) => {
  const x = input(call, 0);
  const segments = call.constant(2)[0] ?? 0;
  return [{ shape: [segments, ...x.shape.slice(input(call, 1).shape.length)], dtype: x.dtype }];
};

const bincount: ShapeFunction = (call) => [
  { shape: [call.constant(1)[0] ?? 0], dtype: input(call, 2).dtype },
];

export const REDUCTION: ShapeTable = {
  Sum: reduce,
  Mean: reduce,
  Prod: reduce,
  Max: reduce,
  Min: reduce,
  All: reduce,
  Any: reduce,
  EuclideanNorm: reduce,
  L2Loss: (call) => [{ shape: [], dtype: input(call, 0).dtype }],
  ArgMax: argument,
  ArgMin: argument,
  Cumsum: sameAsFirst,
  Cumprod: sameAsFirst,
  TopKV2: topK,
  UnsortedSegmentSum: segmentSum,
  Bincount: bincount,
};
