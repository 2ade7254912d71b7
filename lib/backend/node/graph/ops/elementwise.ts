/** Ops that act element by element. */

import { DType } from '../dtypes';
import { JitError } from '../../../../jit/errors';
import {
  broadcast,
  input,
  sameAsFirst,
  type ShapeFunction,
  type ShapeTable,
} from './shape-function';

const arithmetic: ShapeFunction = (call) => {
  const a = input(call, 0);
  return [{ shape: broadcast(call, a.shape, input(call, 1).shape), dtype: a.dtype }];
};

const comparison: ShapeFunction = (call) => [
  { shape: broadcast(call, input(call, 0).shape, input(call, 1).shape), dtype: DType.bool },
];

const predicate: ShapeFunction = (call) => [{ shape: input(call, 0).shape, dtype: DType.bool }];

const cast: ShapeFunction = (call) => {
  const dtype = call.attribute('DstT');
  if (typeof dtype !== 'number') throw new JitError('Cast: expected an attribute DstT.');
  return [{ shape: input(call, 0).shape, dtype }];
};

const selectV2: ShapeFunction = (call) => {
  const chosen = broadcast(call, input(call, 1).shape, input(call, 2).shape);
  return [{ shape: broadcast(call, input(call, 0).shape, chosen), dtype: input(call, 1).dtype }];
};

function each(names: string, shape: ShapeFunction): ShapeTable {
  return Object.fromEntries(names.split(' ').map((name) => [name, shape]));
}

export const ELEMENTWISE: ShapeTable = {
  ...each(
    'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Erfc Exp Expm1 Floor Identity ' +
      'LeakyRelu Log Log1p LogicalNot LogSoftmax Neg OnesLike Reciprocal Relu Relu6 Round Rsqrt Selu ' +
      'Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Square Tan Tanh ZerosLike',
    sameAsFirst,
  ),
  // Gradients whose inputs have all one shape, and the sum of equal shapes.
  ...each(
    'AddN EluGrad LeakyReluGrad ReluGrad Relu6Grad RsqrtGrad SeluGrad SigmoidGrad SoftplusGrad ' +
      'SqrtGrad TanhGrad',
    sameAsFirst,
  ),
  ...each(
    'Add AddV2 Atan2 Div DivNoNan FloorDiv FloorMod Maximum Minimum Mul Pow RealDiv ' +
      'SquaredDifference Sub Xdivy Xlogy',
    arithmetic,
  ),
  ...each('Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr NotEqual', comparison),
  ...each('IsFinite IsInf IsNan', predicate),
  ClipByValue: sameAsFirst,
  Cast: cast,
  Select: (call) => [input(call, 1)],
  SelectV2: selectV2,
};
