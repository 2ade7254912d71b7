import { isTracing, tf } from '../..';
import { nodeBackend, wrapKernel } from '../binding';

let gatherIsWrapped = false;

/**
 * tfjs-node's gather reads its indices to check their range, which a traced function cannot. Inside of a
 * graph TensorFlow checks them (on a CPU it throws, on a GPU it returns zeros).
 */
export function gatherWithoutReadingIndices(): void {
  if (gatherIsWrapped) return;
  gatherIsWrapped = true;
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
