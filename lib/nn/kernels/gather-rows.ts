import { hasKernel, runKernel, tf } from '../../backend';

const KERNEL = 'GatherRows';

/**
 * `table[ids]` along the first axis, with a gradient for the table. Not tf.gather alone: tfjs-node's kernel
 * reads the ids on the host, which stops the device and cannot be traced.
 *
 * @param table [N, ...] float32
 * @param ids int32 [...], each from 0 to N − 1 (TensorFlow's own error otherwise, on a CPU)
 * @returns [...ids, ...]; the caller disposes it
 */
export function gatherRows(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [rows, ...rest] = table.shape;
  const width = rest.reduce((product, size) => product * size, 1);
  const op = tf.customGrad((...args) => {
    const source = args[0] as tf.Tensor;
    const save = args[1] as unknown as tf.GradSaveFunc;
    save([ids]);
    return {
      value: hasKernel(KERNEL)
        ? runKernel(KERNEL, { table: source, ids })[0]!
        : tf.gather(source, ids),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const flatIds = tf.reshape(saved[0]!, [-1]) as tf.Tensor1D;
        const sums = tf.unsortedSegmentSum(tf.reshape(dy, [-1, width]), flatIds, rows!);
        return tf.reshape(sums, table.shape);
      },
    };
  });
  return op(table);
}
