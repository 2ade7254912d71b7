/** Ops that move elements about without computing with them. */

import { DType, sizeOf, type TensorSpec } from '../dtypes';
import { JitError } from '../../../../jit/errors';
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
  ReverseV2: sameAsFirst,
  BroadcastTo: shapeFrom(1, 0),
  Fill: shapeFrom(0, 1),
  Diag: diag,
  MatrixBandPart: sameAsFirst,
  DepthToSpace: (call) => blocks(call, (size, block) => size * block),
  SpaceToDepth: (call) => blocks(call, (size, block) => size / block),
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
  Bitcast: bitcast,
};
