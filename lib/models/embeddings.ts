import { tf } from '../backend';
import { silu } from '../nn/activations';
import { Linear } from '../nn/layers';
import type { RandomStream } from '../random';

/**
 * Sinusoidal embedding of time steps (Ho et al. 2020, after Vaswani et al. 2017), as diffusers'
 * `get_timestep_embedding`.
 *
 * @param timesteps int32 or float32 [B]
 * @param options.flip_sin_to_cos cosines first if true
 * @param options.freq_shift taken from the number of frequencies in the exponent
 * @returns [B, dim], disposed by the caller
 */
export function timestepEmbedding(
  timesteps: tf.Tensor1D,
  dim: number,
  { flip_sin_to_cos = true, freq_shift = 0 } = {},
): tf.Tensor2D {
  return tf.tidy(() => {
    const half = Math.floor(dim / 2);
    const exponent = tf.mul(tf.range(0, half), -Math.log(10_000) / (half - freq_shift));
    const t = tf.reshape(tf.cast(timesteps, 'float32'), [-1, 1]);
    const angles = tf.mul(t, tf.reshape(tf.exp(exponent), [1, half])); // [B, half]
    const waves = flip_sin_to_cos
      ? [tf.cos(angles), tf.sin(angles)]
      : [tf.sin(angles), tf.cos(angles)];
    const embedding = tf.concat(waves, 1) as tf.Tensor2D; // [B, 2 · half]
    const odd: [[number, number], [number, number]] = [
      [0, 0],
      [0, 1],
    ];
    return dim % 2 === 1 ? tf.pad(embedding, odd) : embedding;
  });
}

/** Two linear layers with SiLU between; diffusers' `TimestepEmbedding`. */
export class TimestepEmbedding {
  readonly linear_1: Linear;
  readonly linear_2: Linear;

  constructor(inChannels: number, timeEmbedDim: number, stream: RandomStream) {
    this.linear_1 = new Linear(inChannels, timeEmbedDim, stream);
    this.linear_2 = new Linear(timeEmbedDim, timeEmbedDim, stream);
  }

  /** @param sample [B, in] @returns [B, timeEmbedDim] */
  forward(sample: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => this.linear_2.forward(silu(this.linear_1.forward(sample))));
  }
}
