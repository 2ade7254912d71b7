import { tf } from '../backend';
import { rand, randn, type RandomStream } from '../random';

/**
 * A parameter: a tfjs variable without a name, so that a cell that makes a model can be run twice.
 * Takes over the tensor.
 */
export function parameter<R extends tf.Rank>(value: tf.Tensor<R>): tf.Variable<R> {
  const variable = tf.variable(value);
  value.dispose();
  return variable;
}

let drawsNone = false;

/**
 * Makes a model whose weights are about to be loaded: they are zeros until then, which draws no numbers; transformers'
 * `no_init_weights`.
 *
 * @param make must not be async
 */
export function noInitWeights<T>(make: () => T): T {
  const before = drawsNone;
  drawsNone = true;
  try {
    return make();
  } finally {
    drawsNone = before;
  }
}

/** U(−1/√fanIn, 1/√fanIn): torch's default for Linear and Conv2d, weight and bias alike. */
export function uniformFanIn<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  fanIn: number,
  stream: RandomStream,
): tf.Variable<R> {
  if (drawsNone) return parameter(tf.zeros<R>(shape));
  const bound = 1 / Math.sqrt(fanIn);
  const draw = () => tf.sub<tf.Tensor<R>>(tf.mul(rand<R>(shape, stream.next()), 2 * bound), bound);
  return parameter(tf.tidy(draw));
}

/** N(0, std²). */
export function normal<R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  std: number,
  stream: RandomStream,
): tf.Variable<R> {
  if (drawsNone) return parameter(tf.zeros<R>(shape));
  return parameter(tf.tidy(() => tf.mul<tf.Tensor<R>>(randn<R>(shape, stream.next()), std)));
}
