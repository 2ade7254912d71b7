/** Pooling, normalization and resizing of images. */

import { windowed } from './linear';
import {
  dimension,
  input,
  intsAttribute,
  sameAs,
  sameAsFirst,
  shapeFrom,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

const pool: ShapeFunction = (call) => {
  const x = input(call, 0);
  const sizes = windowed(
    call,
    x.shape.slice(1, -1),
    intsAttribute(call, 'ksize').slice(1, -1),
    intsAttribute(call, 'strides').slice(1, -1),
    [],
    [],
  );
  return [{ shape: [dimension(call, x, 0), ...sizes, dimension(call, x, -1)], dtype: x.dtype }];
};

/** Size [height, width] is the value of input 1. */
const resize: ShapeFunction = (call) => {
  const x = input(call, 0);
  return [
    { shape: [dimension(call, x, 0), ...call.constant(1), dimension(call, x, -1)], dtype: x.dtype },
  ];
};

const cropAndResize: ShapeFunction = (call) => {
  const image = input(call, 0);
  const crops = dimension(call, input(call, 1), 0);
  return [{ shape: [crops, ...call.constant(3), dimension(call, image, -1)], dtype: image.dtype }];
};

/** Normalized, mean, variance, and two reserved outputs. */
const batchNorm: ShapeFunction = (call) => {
  const x = input(call, 0);
  const channels = { shape: [dimension(call, x, -1)], dtype: x.dtype };
  return [x, channels, channels, channels, channels];
};

export const IMAGE: ShapeTable = {
  AvgPool: pool,
  AvgPoolGrad: shapeFrom(0, 1),
  AvgPool3D: pool,
  AvgPool3DGrad: shapeFrom(0, 1),
  MaxPool: pool,
  MaxPoolGrad: sameAsFirst,
  MaxPool3D: pool,
  MaxPool3DGrad: sameAsFirst,
  FusedBatchNorm: batchNorm,
  LRN: sameAsFirst,
  LRNGrad: sameAsFirst,
  ResizeBilinear: resize,
  ResizeBilinearGrad: sameAs(1),
  ResizeNearestNeighbor: resize,
  ResizeNearestNeighborGrad: resize,
  CropAndResize: cropAndResize,
};
