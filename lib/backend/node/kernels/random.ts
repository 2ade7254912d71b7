/** Counter-based random numbers by TensorFlow's stateless ops, which are pure functions of a key. */

import { tf } from '../..';
import { typeAttribute } from '../binding';
import type { NodeKernel } from './node-kernel';

interface Draw {
  readonly shape: number[];
  /** Only of integers: from `low` to `high` − 1. */
  readonly low: number;
  readonly high: number;
}

/** @param boundsOf further inputs, int32 scalars */
function stateless(op: string, dtype: tf.DataType, boundsOf: (draw: Draw) => number[]): NodeKernel {
  return ({ inputs, attrs, backend }) => {
    const draw = attrs as unknown as Draw;
    const attributes = [
      typeAttribute('dtype', dtype),
      typeAttribute('T', 'int32'),
      typeAttribute('Tseed', 'int32'),
    ];
    const shape = tf.tensor1d(draw.shape, 'int32');
    const bounds = boundsOf(draw).map((bound) => tf.scalar(bound, 'int32'));
    const { key } = inputs as { key: tf.Tensor1D };
    const numbers = backend.executeSingleOutput(op, attributes, [shape, key, ...bounds]);
    tf.dispose([shape, ...bounds]);
    return [numbers];
  };
}

export const statelessRandom: Readonly<Record<string, NodeKernel>> = {
  StatelessRandomNormal: stateless('StatelessRandomNormal', 'float32', () => []),
  StatelessRandomUniform: stateless('StatelessRandomUniform', 'float32', () => []),
  StatelessRandomUniformInt: stateless('StatelessRandomUniformInt', 'int32', ({ low, high }) => [
    low,
    high,
  ]),
};
