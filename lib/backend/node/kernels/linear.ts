import { tf } from '../..';
import { typeAttribute, type OpAttribute } from '../binding';
import type { NodeKernel } from './node-kernel';

/**
 * `SdmLinear`: x Wᵀ + b by TensorFlow's ops, as the plain version does. tfjs goes through a dozen calls for the four of them, and
 * for as many gradients: a third of the time that a UNet's training step takes to be traced.
 */
export const linear: NodeKernel = ({ inputs, backend }) => {
  const { x, weight, bias } = inputs as { x: tf.Tensor; weight: tf.Tensor2D; bias?: tf.Tensor1D };
  const [outFeatures, inFeatures] = weight.shape;
  const T = typeAttribute('T', 'float32');
  const { TF_ATTR_BOOL } = backend.binding;
  const adjoint = (name: string, value: boolean): OpAttribute => ({
    name,
    type: TF_ATTR_BOOL,
    value,
  });
  const y = tf.tidy(() => {
    const rows = tf.reshape(x, [-1, inFeatures]);
    const attributes = [T, adjoint('adj_x', false), adjoint('adj_y', true)];
    const product = backend.executeSingleOutput('BatchMatMulV2', attributes, [rows, weight]);
    const sum = bias ? backend.executeSingleOutput('AddV2', [T], [product, bias]) : product;
    return tf.reshape(sum, [...x.shape.slice(0, -1), outFeatures]);
  });
  return [y];
};
