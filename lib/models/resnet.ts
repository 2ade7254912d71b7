import { tf } from '../backend';
import { silu } from '../nn/activations';
import { Conv2d, GroupNorm, Linear } from '../nn/layers';
import type { RandomStream } from '../random';

export interface ResnetBlock2DOptions {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly temb_channels: number;
  readonly groups: number;
  readonly eps: number;
}

/**
 * GroupNorm, SiLU, convolution, twice, with the time step's embedding added between and a residual
 * around; diffusers' `ResnetBlock2D` (`resnet_time_scale_shift: 'default'`).
 */
export class ResnetBlock2D {
  readonly norm1: GroupNorm;
  readonly conv1: Conv2d;
  readonly time_emb_proj: Linear;
  readonly norm2: GroupNorm;
  readonly conv2: Conv2d;
  readonly conv_shortcut: Conv2d | null;

  constructor(options: ResnetBlock2DOptions, stream: RandomStream) {
    const { in_channels, out_channels, temb_channels, groups, eps } = options;
    this.norm1 = new GroupNorm(groups, in_channels, eps);
    this.conv1 = new Conv2d(in_channels, out_channels, stream);
    this.time_emb_proj = new Linear(temb_channels, out_channels, stream);
    this.norm2 = new GroupNorm(groups, out_channels, eps);
    this.conv2 = new Conv2d(out_channels, out_channels, stream);
    this.conv_shortcut =
      in_channels === out_channels
        ? null
        : new Conv2d(in_channels, out_channels, stream, { kernelSize: 1, padding: 0 });
  }

  /** @param x [B, H, W, in] @param temb [B, temb_channels] @returns [B, H, W, out] */
  forward(x: tf.Tensor4D, temb: tf.Tensor2D): tf.Tensor4D {
    return tf.tidy(() => {
      let h = this.conv1.forward(this.norm1.forward(x, 'silu')); // [B, H, W, out]
      const t = this.time_emb_proj.forward(silu(temb)); // [B, out]
      h = tf.add(h, tf.reshape(t, [t.shape[0], 1, 1, t.shape[1]]));
      h = this.conv2.forward(this.norm2.forward(h, 'silu'));
      return tf.add(this.conv_shortcut ? this.conv_shortcut.forward(x) : x, h);
    });
  }
}

/** Halves height and width by a convolution of stride 2; diffusers' `Downsample2D`. */
export class Downsample2D {
  readonly conv: Conv2d;

  constructor(channels: number, stream: RandomStream) {
    this.conv = new Conv2d(channels, channels, stream, { stride: 2 });
  }

  /** @param x [B, H, W, C] @returns [B, ⌈H/2⌉, ⌈W/2⌉, C] */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.conv.forward(x);
  }
}

/** Nearest-neighbour resize, then a convolution; diffusers' `Upsample2D`. */
export class Upsample2D {
  readonly conv: Conv2d;

  constructor(channels: number, stream: RandomStream) {
    this.conv = new Conv2d(channels, channels, stream);
  }

  /**
   * @param x [B, H, W, C]
   * @param size height and width of the result: the skip connection's, so that odd sizes fit
   */
  forward(x: tf.Tensor4D, size: [number, number]): tf.Tensor4D {
    return tf.tidy(() => this.conv.forward(tf.image.resizeNearestNeighbor(x, size)));
  }
}
