/** The UNet's blocks, with diffusers' names and fields. */
import { tf } from '../backend';
import type { RandomStream } from '../random';
import { Transformer2DModel } from './attention';
import { Downsample2D, ResnetBlock2D, Upsample2D } from './resnet';

/** What all blocks of a UNet are built from. */
export interface BlockOptions {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly temb_channels: number;
  readonly num_layers: number;
  readonly resnet_eps: number;
  readonly resnet_groups: number;
  readonly transformer_layers_per_block: number;
  readonly num_attention_heads: number;
  readonly cross_attention_dim: number;
}

export interface DownBlockOptions extends BlockOptions {
  readonly add_downsample: boolean;
}

export interface UpBlockOptions extends BlockOptions {
  readonly prev_output_channel: number;
  readonly add_upsample: boolean;
}

/** A down block's result and every activation that an up block takes again. */
export interface DownBlockOutput {
  readonly hidden: tf.Tensor4D;
  readonly skips: tf.Tensor4D[];
}

function resnet(options: BlockOptions, inChannels: number, stream: RandomStream): ResnetBlock2D {
  const { out_channels, temb_channels, resnet_groups: groups, resnet_eps: eps } = options;
  return new ResnetBlock2D(
    { in_channels: inChannels, out_channels, temb_channels, groups, eps },
    stream,
  );
}

function transformer(options: BlockOptions, stream: RandomStream): Transformer2DModel {
  const { out_channels, num_attention_heads: heads, cross_attention_dim } = options;
  return new Transformer2DModel(
    {
      in_channels: out_channels,
      num_layers: options.transformer_layers_per_block,
      norm_num_groups: options.resnet_groups,
      heads,
      dim_head: Math.floor(out_channels / heads),
      cross_attention_dim,
    },
    stream,
  );
}

/** Resnets, then half the size. */
export class DownBlock2D {
  readonly resnets: readonly ResnetBlock2D[];
  readonly downsamplers: readonly Downsample2D[];

  constructor(options: DownBlockOptions, stream: RandomStream) {
    const { in_channels, out_channels, num_layers, add_downsample } = options;
    this.resnets = Array.from({ length: num_layers }, (_, i) =>
      resnet(options, i === 0 ? in_channels : out_channels, stream),
    );
    this.downsamplers = add_downsample ? [new Downsample2D(out_channels, stream)] : [];
  }

  /** @param x [B, H, W, in] @returns hidden [B, ⌈H/2⌉, ⌈W/2⌉, out], or [B, H, W, out] in the last */
  forward(x: tf.Tensor4D, temb: tf.Tensor2D, _encoderHiddenStates: tf.Tensor3D): DownBlockOutput {
    return tf.tidy(() => {
      let hidden = x;
      const skips: tf.Tensor4D[] = [];
      for (const block of this.resnets) skips.push((hidden = block.forward(hidden, temb)));
      for (const down of this.downsamplers) skips.push((hidden = down.forward(hidden)));
      return { hidden, skips };
    });
  }
}

/** Resnets, each followed by attention to the context, then half the size. */
export class CrossAttnDownBlock2D {
  readonly resnets: readonly ResnetBlock2D[];
  readonly attentions: readonly Transformer2DModel[];
  readonly downsamplers: readonly Downsample2D[];

  constructor(options: DownBlockOptions, stream: RandomStream) {
    const { in_channels, out_channels, num_layers, add_downsample } = options;
    this.resnets = Array.from({ length: num_layers }, (_, i) =>
      resnet(options, i === 0 ? in_channels : out_channels, stream),
    );
    this.attentions = this.resnets.map(() => transformer(options, stream));
    this.downsamplers = add_downsample ? [new Downsample2D(out_channels, stream)] : [];
  }

  /** @param encoderHiddenStates [B, S, cross_attention_dim] @returns as `DownBlock2D` */
  forward(x: tf.Tensor4D, temb: tf.Tensor2D, encoderHiddenStates: tf.Tensor3D): DownBlockOutput {
    return tf.tidy(() => {
      let hidden = x;
      const skips: tf.Tensor4D[] = [];
      for (const [i, block] of this.resnets.entries()) {
        hidden = this.attentions[i]!.forward(block.forward(hidden, temb), encoderHiddenStates);
        skips.push(hidden);
      }
      for (const down of this.downsamplers) skips.push((hidden = down.forward(hidden)));
      return { hidden, skips };
    });
  }
}

/** Resnet, then (attention, resnet) for each layer, at the smallest size. */
export class UNetMidBlock2DCrossAttn {
  readonly attentions: readonly Transformer2DModel[];
  readonly resnets: readonly ResnetBlock2D[];

  constructor(options: BlockOptions, stream: RandomStream) {
    const { in_channels, num_layers } = options;
    this.resnets = Array.from({ length: num_layers + 1 }, () =>
      resnet(options, in_channels, stream),
    );
    this.attentions = Array.from({ length: num_layers }, () => transformer(options, stream));
  }

  /** @param x [B, H, W, C] @returns [B, H, W, C] */
  forward(x: tf.Tensor4D, temb: tf.Tensor2D, encoderHiddenStates: tf.Tensor3D): tf.Tensor4D {
    return tf.tidy(() => {
      let hidden = this.resnets[0]!.forward(x, temb);
      for (const [i, attention] of this.attentions.entries()) {
        hidden = this.resnets[i + 1]!.forward(attention.forward(hidden, encoderHiddenStates), temb);
      }
      return hidden;
    });
  }
}

/** The resnets of an up block: each takes the hidden state joined with one skip connection. */
function upResnets(options: UpBlockOptions, stream: RandomStream): ResnetBlock2D[] {
  const { in_channels, out_channels, prev_output_channel, num_layers } = options;
  return Array.from({ length: num_layers }, (_, i) => {
    const skip = i === num_layers - 1 ? in_channels : out_channels;
    const hidden = i === 0 ? prev_output_channel : out_channels;
    return resnet(options, hidden + skip, stream);
  });
}

/** Resnets over hidden state and skip connections, then twice the size. */
export class UpBlock2D {
  readonly resnets: readonly ResnetBlock2D[];
  readonly upsamplers: readonly Upsample2D[];

  constructor(options: UpBlockOptions, stream: RandomStream) {
    this.resnets = upResnets(options, stream);
    this.upsamplers = options.add_upsample ? [new Upsample2D(options.out_channels, stream)] : [];
  }

  /**
   * @param skips one per resnet, the last made first
   * @param size height and width after upsampling
   */
  forward(
    x: tf.Tensor4D,
    skips: readonly tf.Tensor4D[],
    temb: tf.Tensor2D,
    _encoderHiddenStates: tf.Tensor3D,
    size: [number, number],
  ): tf.Tensor4D {
    return tf.tidy(() => {
      let hidden = x;
      for (const [i, block] of this.resnets.entries()) {
        hidden = block.forward(tf.concat([hidden, skips[i]!], 3), temb);
      }
      for (const up of this.upsamplers) hidden = up.forward(hidden, size);
      return hidden;
    });
  }
}

/** As `UpBlock2D`, with attention to the context after each resnet. */
export class CrossAttnUpBlock2D {
  readonly attentions: readonly Transformer2DModel[];
  readonly resnets: readonly ResnetBlock2D[];
  readonly upsamplers: readonly Upsample2D[];

  constructor(options: UpBlockOptions, stream: RandomStream) {
    this.resnets = upResnets(options, stream);
    this.attentions = this.resnets.map(() => transformer(options, stream));
    this.upsamplers = options.add_upsample ? [new Upsample2D(options.out_channels, stream)] : [];
  }

  /** As `UpBlock2D.forward`; encoderHiddenStates [B, S, cross_attention_dim]. */
  forward(
    x: tf.Tensor4D,
    skips: readonly tf.Tensor4D[],
    temb: tf.Tensor2D,
    encoderHiddenStates: tf.Tensor3D,
    size: [number, number],
  ): tf.Tensor4D {
    return tf.tidy(() => {
      let hidden = x;
      for (const [i, block] of this.resnets.entries()) {
        hidden = block.forward(tf.concat([hidden, skips[i]!], 3), temb);
        hidden = this.attentions[i]!.forward(hidden, encoderHiddenStates);
      }
      for (const up of this.upsamplers) hidden = up.forward(hidden, size);
      return hidden;
    });
  }
}
