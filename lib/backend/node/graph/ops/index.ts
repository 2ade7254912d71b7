/**
 * The ops that can be traced: for each, the function that says shapes and dtypes of its outputs.
 *
 * To add an op, add a line to the table of its family and a case to test/jit/op-cases/, where TensorFlow
 * runs the op eagerly and checks what the table says.
 */

import { ARRAY } from './array';
import { ELEMENTWISE } from './elementwise';
import { IMAGE } from './image';
import { INDEXING } from './indexing';
import { LINEAR } from './linear';
import { RANDOM } from './random';
import { REDUCTION } from './reduction';
import type { ShapeTable } from './shape-function';

export { customOp, declareOps } from './custom';
export type { OpCall, ShapeFunction, ShapeTable } from './shape-function';

export const OPS: ShapeTable = {
  ...ELEMENTWISE,
  ...REDUCTION,
  ...ARRAY,
  ...INDEXING,
  ...LINEAR,
  ...IMAGE,
  ...RANDOM,
};

/** Ops that draw from TensorFlow's own generator or depend on values for their shapes, and why not. */
export const REFUSED: Readonly<Record<string, string>> = {
  Multinomial:
    'draws from a hidden generator. Draw with a stateless op whose key is an argument of the function',
  Where: 'has a shape that depends on values. Use tf.where(condition, a, b) or a mask',
  UniqueV2: 'has a shape that depends on values. Compute it outside of the traced function',
  NonMaxSuppressionV3:
    'has a shape that depends on values. Compute it outside of the traced function',
  NonMaxSuppressionV4:
    'has a shape that depends on values. Compute it outside of the traced function',
  NonMaxSuppressionV5:
    'has a shape that depends on values. Compute it outside of the traced function',
};
