import type { tf } from '../..';
import { typeAttribute } from '../binding';
import type { NodeKernel } from './node-kernel';

/** `L2Loss`: Σ x² / 2 without a copy of x. */
export const l2Loss: NodeKernel = ({ inputs, backend }) => {
  const { x } = inputs as { x: tf.Tensor };
  return [backend.executeSingleOutput('L2Loss', [typeAttribute('T', x.dtype)], [x])];
};
