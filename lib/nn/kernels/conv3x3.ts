import { hasKernel, isFilter3x3, runKernel, tf } from '../../backend';
import { tracingPrecision } from '../../jit';

const KERNEL = 'SdmConv3x3';

/** Whether a kernel does convolutions with this weight, [h, w, in, out]. */
export function hasConv3x3Kernel({ shape }: tf.Tensor4D): boolean {
  // In bfloat16 the processor has instructions of its own for the plain way; the filter's gradient is lowered to the kernel.
  return isFilter3x3(shape) && hasKernel(KERNEL) && tracingPrecision() !== 'bfloat16';
}

/**
 * 2D convolution as of `convSame`; only where `hasConv3x3Kernel`. By Winograd's F(2×2, 3×3) (Lavin & Gray 2015): 16
 * products in place of 36, equal to the plain ones to 1e-6 of the largest value; on a processor with AVX2 and no AVX-512 by
 * F(4×4, 3×3), 36 in place of 144, to 5e-6.
 */
export function conv3x3ByKernel(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  bias: tf.Tensor1D,
): tf.Tensor4D {
  const op = tf.customGrad((...args) => {
    const [input, filter, shift] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const [y] = runKernel(KERNEL, { x: input, filter, bias: shift }, { transposed: false });
    save([input, filter]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x0, w0] = saved as [tf.Tensor, tf.Tensor];
      const back = { x: dy, filter: w0, bias: tf.scalar(0) };
      const [dX] = runKernel(KERNEL, back, { transposed: true });
      return [dX!, ...runKernel(`${KERNEL}FilterGrad`, { x: x0, dy })];
    };
    return { value: y!, gradFunc };
  });
  return op(x, weight, bias) as tf.Tensor4D;
}
