/** Kernels of tfjs-node that do something else while a function is traced. */

import { isTracing, tf } from '../..';
import { nodeBackend, wrapKernel } from '../binding';

/** A reshape of a tensor without a value; undefined if it has one, or not as many elements. */
type Reshape = (x: tf.Tensor, shape: readonly number[]) => tf.Tensor | undefined;

let areWrapped = false;

export function wrapTracedKernels(reshape: Reshape): void {
  if (areWrapped) return;
  areWrapped = true;
  gatherWithoutReadingIndices();
  reshapeWithoutTensor(reshape);
}

/** tfjs-node makes a tensor of each shape: of a half of all ops of a training step, which is then read and given back. */
function reshapeWithoutTensor(reshape: Reshape): void {
  wrapKernel('Reshape', (eager) => (call) => {
    const { x } = call.inputs as { x: tf.Tensor };
    const { shape } = call.attrs as unknown as { shape: number[] };
    return (isTracing() ? reshape(x, shape) : undefined) ?? eager(call);
  });
}

/**
 * tfjs-node's gather reads its indices to check their range, which a traced function cannot. Inside of a
 * graph TensorFlow checks them (on a CPU it throws, on a GPU it returns zeros).
 */
function gatherWithoutReadingIndices(): void {
  const backend = nodeBackend();
  const { TF_ATTR_INT, TF_ATTR_TYPE, TF_INT32 } = backend.binding;
  wrapKernel('GatherV2', (eager) => (call) => {
    if (!isTracing()) return eager(call);
    const { x, indices } = call.inputs as { x: tf.Tensor; indices: tf.Tensor };
    const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims: number };
    const axisTensor = tf.scalar(axis, 'int32');
    const result = backend.executeSingleOutput(
      'GatherV2',
      [
        { name: 'batch_dims', type: TF_ATTR_INT, value: batchDims },
        { name: 'Tparams', type: TF_ATTR_TYPE, value: backend.tensorMap.get(x.dataId).dtype },
        { name: 'Tindices', type: TF_ATTR_TYPE, value: TF_INT32 },
        { name: 'Taxis', type: TF_ATTR_TYPE, value: TF_INT32 },
      ],
      [x, indices, axisTensor],
    );
    axisTensor.dispose();
    return result;
  });
}
