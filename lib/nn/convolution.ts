import { tf } from '../backend';
import { tracingPrecision } from '../jit';
import { fusedOp, hasFusedOps } from './fused-ops';

/** The channels that the fused convolution takes are multiples of this. */
const FUSED_CHANNELS = 16;

/**
 * 2D convolution with a bias and the padding that keeps height and width; `torch.nn.functional.conv2d` with
 * `padding='same'` and stride 1.
 *
 * On the CPU, 3×3 convolutions are done by Winograd's F(2×2, 3×3) (Lavin & Gray 2015): 16 products in place
 * of 36, equal to the plain ones to 1e-6 of the largest value.
 *
 * @param x [B, H, W, in]
 * @param weight [kernel, kernel, in, out], kernel odd
 * @param bias [out]
 * @returns [B, H, W, out], disposed by the caller
 */
export function convSame(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  const [kernel, , inChannels, outChannels] = weight.shape;
  if (kernel === 1) return pointwise(x, weight, bias);
  const fits = kernel === 3 && inChannels % FUSED_CHANNELS === 0;
  const isFused = fits && outChannels % FUSED_CHANNELS === 0 && hasFusedOps();
  // In bfloat16 the processor has instructions of its own for the plain way.
  if (isFused && tracingPrecision() !== 'bfloat16') return fusedConv3x3(x, weight, bias);
  return tf.tidy(() => tf.add(tf.conv2d(x, weight, 1, 'same'), bias));
}

/** A kernel of one pixel is a matrix product, and faster as one. */
function pointwise(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  const [, , inChannels, outChannels] = weight.shape;
  const [B, H, W] = x.shape;
  return tf.tidy(() => {
    const pixels = tf.reshape(x, [-1, inChannels]) as tf.Tensor2D;
    const y = tf.matMul(pixels, tf.reshape(weight, [inChannels, outChannels]));
    return tf.reshape(tf.add(y, bias), [B, H, W, outChannels]);
  });
}

function fusedConv3x3(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  const op = tf.customGrad((...args) => {
    const [input, filter, shift] = args as tf.Tensor[] as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = args[3] as unknown as tf.GradSaveFunc;
    const [y] = fusedOp('SdmConv3x3', { transposed: false }, [input, filter, shift], 1);
    save([input, filter]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [x0, w0] = saved as [tf.Tensor, tf.Tensor];
      const [dX] = fusedOp('SdmConv3x3', { transposed: true }, [dy, w0, tf.scalar(0)], 1);
      return [dX!, ...fusedOp('SdmConv3x3FilterGrad', {}, [x0, dy], 2)];
    };
    return { value: y!, gradFunc };
  });
  return op(x, weight, bias) as tf.Tensor4D;
}
