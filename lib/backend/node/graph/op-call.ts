import type { tf } from '../..';
import { JitError } from '../../../jit/errors';
import { nodeBackend, type OpAttribute } from '../binding';
import type { OpCall } from './ops';

/**
 * A call of an op as its shape function sees it.
 *
 * @param isAbstract whether a tensor has no value yet
 */
export function opCall(
  op: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.Tensor[],
  isAbstract: (tensor: tf.Tensor) => boolean,
): OpCall {
  const backend = nodeBackend();
  return {
    op,
    inputs: inputs.map(({ dataId, shape }) => ({
      shape,
      dtype: backend.tensorMap.get(dataId).dtype,
    })),
    attribute: (name) => attributes.find((attribute) => attribute.name === name)?.value,
    constant: (i) => {
      const tensor = inputs[i];
      if (!tensor || isAbstract(tensor)) {
        throw new JitError(
          `${op}: input ${i} decides the shape of the result, so it must not depend on an ` +
            'argument of the traced function or on a variable.',
        );
      }
      return [...backend.readSync(tensor.dataId)].map(Number);
    },
  };
}
