import { tf } from '../backend';
import { conv3x3ByKernel, hasConv3x3Kernel } from './kernels/conv3x3';
import { hasPointwiseKernel, pointwiseByKernel } from './kernels/pointwise';

/**
 * 2D convolution with a bias and the padding that keeps height and width; `torch.nn.functional.conv2d` with
 * `padding='same'` and stride 1.
 *
 * @param x [B, H, W, in]
 * @param weight [kernel, kernel, in, out], kernel odd
 * @param bias [out]
 * @returns [B, H, W, out], disposed by the caller
 */
export function convSame(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  if (weight.shape[0] === 1) return pointwise(x, weight, bias);
  if (hasConv3x3Kernel(weight)) return conv3x3ByKernel(x, weight, bias);
  return tf.tidy(() => tf.add(tf.conv2d(x, weight, 1, 'same'), bias));
}

/** A kernel of one pixel is a matrix product, and faster as one. */
function pointwise(x: tf.Tensor4D, weight: tf.Tensor4D, bias: tf.Tensor1D): tf.Tensor4D {
  const [, , inChannels, outChannels] = weight.shape;
  const [B, H, W] = x.shape;
  return tf.tidy(() => {
    const pixels = tf.reshape(x, [-1, inChannels]) as tf.Tensor2D;
    const matrix = tf.reshape(weight, [inChannels, outChannels]) as tf.Tensor2D;
    const y = hasPointwiseKernel()
      ? pointwiseByKernel(pixels, matrix, bias)
      : tf.add(tf.matMul(pixels, matrix), bias);
    return tf.reshape(y, [B, H, W, outChannels]);
  });
}
