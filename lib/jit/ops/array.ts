/** Ops that move elements about without computing with them. */

import { DType, sizeOf, type TensorSpec } from '../dtypes';
import { JitError } from '../errors';
import {
  dimension,
  input,
  intAttribute,
  intsAttribute,
  positiveAxis,
  sameAsFirst,
  shapeFrom,
  withSize,
  type OpCall,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

const reshape: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const wanted = [...call.constant(1)];
  const size = sizeOf(shape);
  const free = wanted.indexOf(-1);
  if (free >= 0) wanted[free] = size / -sizeOf(wanted);
  if (sizeOf(wanted) !== size || wanted.some((n) => !Number.isInteger(n))) {
    throw new JitError(
      `Reshape: cannot make [${call.constant(1).join()}] of the ${size} elements of [${shape.join()}].`,
    );
  }
  return [{ shape: wanted, dtype }];
};

const expandDims: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const axis = positiveAxis(call, call.constant(1)[0] ?? 0, shape.length + 1);
  return [{ shape: [...shape.slice(0, axis), 1, ...shape.slice(axis)], dtype }];
};

const squeeze: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const axes = intsAttribute(call, 'squeeze_dims').map((a) => positiveAxis(call, a, shape.length));
  const drop = (size: number, axis: number): boolean =>
    axes.length > 0 ? axes.includes(axis) : size === 1;
  return [{ shape: shape.filter((size, axis) => !drop(size, axis)), dtype }];
};

const transpose: ShapeFunction = (call) => {
  const x = input(call, 0);
  return [{ shape: call.constant(1).map((axis) => dimension(call, x, axis)), dtype: x.dtype }];
};

const tile: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const times = call.constant(1);
  return [{ shape: shape.map((size, axis) => size * (times[axis] ?? 1)), dtype }];
};

const concat: ShapeFunction = (call) => {
  const parts = call.inputs.slice(0, -1);
  const first = input(call, 0);
  const axis = positiveAxis(call, call.constant(parts.length)[0] ?? 0, first.shape.length);
  for (const { shape } of parts) {
    const fits = shape.every((size, i) => i === axis || size === first.shape[i]);
    if (!fits || shape.length !== first.shape.length) {
      throw new JitError(
        `ConcatV2: expected shapes that differ only at axis ${axis}, ` +
          `got [${first.shape.join()}] and [${shape.join()}].`,
      );
    }
  }
  const size = parts.reduce((sum, part) => sum + dimension(call, part, axis), 0);
  return [{ shape: withSize(first.shape, axis, size), dtype: first.dtype }];
};

function pieces(
  { shape, dtype }: TensorSpec,
  axis: number,
  sizes: readonly number[],
): TensorSpec[] {
  return sizes.map((size) => ({ shape: withSize(shape, axis, size), dtype }));
}

const split: ShapeFunction = (call) => {
  const x = input(call, 1);
  const axis = positiveAxis(call, call.constant(0)[0] ?? 0, x.shape.length);
  const count = intAttribute(call, 'num_split', 1);
  return pieces(x, axis, Array<number>(count).fill(dimension(call, x, axis) / count));
};

const splitV: ShapeFunction = (call) => {
  const x = input(call, 0);
  const axis = positiveAxis(call, call.constant(2)[0] ?? 0, x.shape.length);
  return pieces(x, axis, call.constant(1));
};

const pack: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const axis = positiveAxis(call, intAttribute(call, 'axis', 0), shape.length + 1);
  return [{ shape: [...shape.slice(0, axis), call.inputs.length, ...shape.slice(axis)], dtype }];
};

const unpack: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const axis = positiveAxis(call, intAttribute(call, 'axis', 0), shape.length);
  const item = { shape: shape.filter((_, i) => i !== axis), dtype };
  return Array<TensorSpec>(intAttribute(call, 'num', 0)).fill(item);
};

/** Paddings are [before, after] per axis. */
const pad: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const paddings = call.constant(1);
  const padded = shape.map(
    (size, axis) => size + (paddings[2 * axis] ?? 0) + (paddings[2 * axis + 1] ?? 0),
  );
  return [{ shape: padded, dtype }];
};

const mirrorPadGrad: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const paddings = call.constant(1);
  const inner = shape.map(
    (size, axis) => size - (paddings[2 * axis] ?? 0) - (paddings[2 * axis + 1] ?? 0),
  );
  return [{ shape: inner, dtype }];
};

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

const diag: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  return [{ shape: [...shape, ...shape], dtype }];
};

function blocks(call: OpCall, scale: (size: number, block: number) => number): TensorSpec[] {
  const { shape, dtype } = input(call, 0);
  const block = intAttribute(call, 'block_size', 2);
  const nhwc = call.attribute('data_format') !== 'NCHW';
  const channel = nhwc ? 3 : 1;
  const result = shape.map((size, axis) => {
    if (axis === 0) return size;
    return axis === channel ? size / scale(1, block) ** 2 : scale(size, block);
  });
  return [{ shape: result, dtype }];
}

const spaceToBatch: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const block = call.constant(1);
  const paddings = call.constant(2);
  const inner = block.map(
    (b, i) => ((shape[i + 1] ?? 0) + (paddings[2 * i] ?? 0) + (paddings[2 * i + 1] ?? 0)) / b,
  );
  return [
    { shape: [(shape[0] ?? 0) * sizeOf(block), ...inner, ...shape.slice(1 + block.length)], dtype },
  ];
};

const batchToSpace: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const block = call.constant(1);
  const crops = call.constant(2);
  const inner = block.map(
    (b, i) => (shape[i + 1] ?? 0) * b - (crops[2 * i] ?? 0) - (crops[2 * i + 1] ?? 0),
  );
  return [
    { shape: [(shape[0] ?? 0) / sizeOf(block), ...inner, ...shape.slice(1 + block.length)], dtype },
  ];
};

const WIDTH: Readonly<Record<number, number>> = {
  [DType.float32]: 4,
  [DType.int32]: 4,
  [DType.uint8]: 1,
  [DType.bfloat16]: 2,
};

/** A narrower dtype adds an axis at the end, a wider one takes it away. */
const bitcast: ShapeFunction = (call) => {
  const { shape, dtype } = input(call, 0);
  const type = intAttribute(call, 'type', dtype);
  const [from, to] = [WIDTH[dtype] ?? 4, WIDTH[type] ?? 4];
  if (from > to) return [{ shape: [...shape, from / to], dtype: type }];
  return [{ shape: from < to ? shape.slice(0, -1) : shape, dtype: type }];
};

export const ARRAY: ShapeTable = {
  Reshape: reshape,
  ExpandDims: expandDims,
  Squeeze: squeeze,
  Transpose: transpose,
  Tile: tile,
  ConcatV2: concat,
  Split: split,
  SplitV: splitV,
  Pack: pack,
  Unpack: unpack,
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
  MirrorPadGrad: mirrorPadGrad,
  Slice: slice,
  StridedSlice: stridedSlice,
  ReverseV2: sameAsFirst,
  BroadcastTo: shapeFrom(1, 0),
  Fill: shapeFrom(0, 1),
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: shapeFrom(2, 1),
  TensorScatterUpdate: sameAsFirst,
  TensorScatterAdd: sameAsFirst,
  SparseToDense: shapeFrom(1, 2),
  OneHot: oneHot,
  Diag: diag,
  MatrixBandPart: sameAsFirst,
  DepthToSpace: (call) => blocks(call, (size, block) => size * block),
  SpaceToDepth: (call) => blocks(call, (size, block) => size / block),
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  Bitcast: bitcast,
};
