/** Counter-based random numbers: the seed is an input, so the ops are pure functions of it. */

import { DType } from '../dtypes';
import { input, intAttribute, type ShapeFunction, type ShapeTable } from './shape-function';

const real: ShapeFunction = (call) => [
  { shape: call.constant(0), dtype: intAttribute(call, 'dtype', DType.float32) },
];

/** Inputs are shape, seed, lowest value, highest value (not included). */
const integer: ShapeFunction = (call) => [{ shape: call.constant(0), dtype: input(call, 2).dtype }];

export const RANDOM: ShapeTable = {
  StatelessRandomNormal: real,
  StatelessRandomUniform: real,
  StatelessTruncatedNormal: real,
  StatelessRandomUniformInt: integer,
  StatelessRandomUniformFullInt: real,
};
