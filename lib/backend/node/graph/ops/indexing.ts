/** Ops that take elements by position, or put them there. */

import { JitError } from '../../../../jit/errors';
import {
  dimension,
  input,
  intAttribute,
  positiveAxis,
  sameAsFirst,
  shapeFrom,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

const slice: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const begin = call.constant(1);
  const sizes = call.constant(2).map((size, axis) => {
    return size < 0 ? (shape[axis] ?? 0) - (begin[axis] ?? 0) : size;
  });
  sizes.forEach((size, axis) => {
    if ((begin[axis] ?? 0) + size > (shape[axis] ?? 0)) {
      throw new JitError(
        `Slice: begin [${begin.join()}] and size [${sizes.join()}] reach beyond [${shape.join()}].`,
      );
    }
  });
  return [{ shape: sizes, dtype }];
};

/** tfjs resolves ellipsis and new axes before it calls the kernel only in part, so both are read here. */
const stridedSlice: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const [begin, end, strides] = [1, 2, 3].map((i) => call.constant(i)) as [
    number[],
    number[],
    number[],
  ];
  const mask = (name: string, i: number): boolean => ((intAttribute(call, name, 0) >> i) & 1) === 1;
  const newAxes = begin.filter(
    (_, i) => mask('new_axis_mask', i) && !mask('ellipsis_mask', i),
  ).length;
  const result: number[] = [];
  let axis = 0;
  begin.forEach((_, i) => {
    if (mask('ellipsis_mask', i)) {
      const covered = shape.length - (begin.length - 1 - newAxes);
      for (let n = 0; n < covered; n++) result.push(shape[axis++] ?? 0);
    } else if (mask('new_axis_mask', i)) {
      result.push(1);
    } else {
      const size = shape[axis++] ?? 0;
      if (mask('shrink_axis_mask', i)) return;
      const stride = strides[i] ?? 1;
      const clamp = (value: number): number => {
        const index = value < 0 ? value + size : value;
        return stride > 0
          ? Math.min(Math.max(index, 0), size)
          : Math.min(Math.max(index, -1), size - 1);
      };
      const first = mask('begin_mask', i) ? (stride > 0 ? 0 : size - 1) : clamp(begin[i] ?? 0);
      const last = mask('end_mask', i) ? (stride > 0 ? size : -1) : clamp(end[i] ?? 0);
      result.push(Math.max(0, Math.ceil((last - first) / stride)));
    }
  });
  return [{ shape: [...result, ...shape.slice(axis)], dtype }];
};

const gather: ShapeFunction = (call) => {
  const params = input(call, 0);
  const indices = input(call, 1);
  const axis = positiveAxis(call, call.constant(2)[0] ?? 0, params.shape.length);
  const batchDims = intAttribute(call, 'batch_dims', 0);
  const shape = [
    ...params.shape.slice(0, axis),
    ...indices.shape.slice(batchDims),
    ...params.shape.slice(axis + 1),
  ];
  return [{ shape, dtype: params.dtype }];
};

const gatherNd: ShapeFunction = (call) => {
  const params = input(call, 0);
  const indices = input(call, 1);
  const depth = dimension(call, indices, -1);
  return [
    { shape: [...indices.shape.slice(0, -1), ...params.shape.slice(depth)], dtype: params.dtype },
  ];
};

const oneHot: ShapeFunction = (call) => {
  const indices = input(call, 0).shape;
  const axis = intAttribute(call, 'axis', -1);
  const at = axis < 0 ? indices.length : axis;
  const shape = [...indices.slice(0, at), call.constant(1)[0] ?? 0, ...indices.slice(at)];
  return [{ shape, dtype: input(call, 2).dtype }];
};

export const INDEXING: ShapeTable = {
  Slice: slice,
  StridedSlice: stridedSlice,
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: shapeFrom(2, 1),
  TensorScatterUpdate: sameAsFirst,
  TensorScatterAdd: sameAsFirst,
  SparseToDense: shapeFrom(1, 2),
  OneHot: oneHot,
};
