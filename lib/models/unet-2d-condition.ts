import { tf } from '../backend';
import { Conv2d, GroupNorm } from '../nn/layers';
import { refuseDisposed } from '../nn/disposed';
import { noInitWeights } from '../nn/init';
import { disposeModule, loadStateDict } from '../nn/state-dict';
import { Generator, requireStream, type RandomStream } from '../random';
import { TimestepEmbedding, timestepEmbedding } from './embeddings';
import { pretrainedFiles, type PretrainedOptions } from './pretrained';
import {
  CrossAttnDownBlock2D,
  CrossAttnUpBlock2D,
  DownBlock2D,
  UNetMidBlock2DCrossAttn,
  UpBlock2D,
  type BlockOptions,
} from './unet-2d-blocks';
import {
  perBlock,
  unet2DConditionConfig,
  type UNet2DConditionConfig,
} from './unet-2d-condition-config';
import { requireTensors } from '../options';

/** What `forward` takes beside the text, named as in diffusers: residuals that a control net adds, the picture to fill. */
export interface UNetExtras {
  /** One for each skip connection, in their order: [B, H, W, C] of each. */
  readonly downBlockAdditionalResiduals?: readonly tf.Tensor4D[] | undefined;
  /** Added to the mid block's result. */
  readonly midBlockAdditionalResidual?: tf.Tensor4D | undefined;
  /** Of an inpainting UNet (inpainting-unet.ts), behind the sample's channels: [B, H, W, 1]. */
  readonly mask?: tf.Tensor4D | undefined;
  /** Behind the mask: [B, H, W, C]. */
  readonly maskedImageLatents?: tf.Tensor4D | undefined;
}

const EXTRAS = [
  'downBlockAdditionalResiduals',
  'midBlockAdditionalResidual',
  'mask',
  'maskedImageLatents',
];

/**
 * Predicts the noise in an image from the noisy image, the time step and a text's embedding;
 * diffusers' `UNet2DConditionModel` for the block types of its config, with its parameter names.
 */
export class UNet2DConditionModel {
  readonly config: UNet2DConditionConfig;
  readonly conv_in: Conv2d;
  readonly time_embedding: TimestepEmbedding;
  readonly down_blocks: readonly (DownBlock2D | CrossAttnDownBlock2D)[];
  readonly mid_block: UNetMidBlock2DCrossAttn;
  readonly up_blocks: readonly (UpBlock2D | CrossAttnUpBlock2D)[];
  readonly conv_norm_out: GroupNorm;
  readonly conv_out: Conv2d;

  /**
   * @param config keys of diffusers' config.json; missing ones take diffusers' defaults
   * @param stream random numbers of the initial weights, for example `generator.stream('init')`
   * @throws Error naming every bad key
   */
  constructor(config: Partial<UNet2DConditionConfig>, stream: RandomStream) {
    const c = unet2DConditionConfig(config);
    requireStream('UNet2DConditionModel', stream);
    this.config = c;
    const channels = c.block_out_channels;
    const blocks = channels.length;
    const last = blocks - 1;
    const layers = perBlock(c.layers_per_block, blocks);
    const timeEmbedDim = channels[0]! * 4;
    const options = (i: number): Omit<BlockOptions, 'in_channels' | 'num_layers'> => ({
      out_channels: channels[i]!,
      temb_channels: timeEmbedDim,
      resnet_eps: c.norm_eps,
      resnet_groups: c.norm_num_groups,
      transformer_layers_per_block: perBlock(c.transformer_layers_per_block, blocks)[i]!,
      num_attention_heads: perBlock(c.attention_head_dim, blocks)[i]!,
      cross_attention_dim: perBlock(c.cross_attention_dim, blocks)[i]!,
    });

    this.conv_in = new Conv2d(c.in_channels, channels[0]!, stream);
    this.time_embedding = new TimestepEmbedding(channels[0]!, timeEmbedDim, stream);
    this.down_blocks = c.down_block_types.map((type, i) => {
      const Block = type === 'DownBlock2D' ? DownBlock2D : CrossAttnDownBlock2D;
      const in_channels = channels[Math.max(i - 1, 0)]!;
      const num_layers = layers[i]!;
      return new Block(
        { ...options(i), in_channels, num_layers, add_downsample: i < last },
        stream,
      );
    });
    this.mid_block = new UNetMidBlock2DCrossAttn(
      { ...options(last), in_channels: channels[last]!, num_layers: 1 },
      stream,
    );
    this.up_blocks = c.up_block_types.map((type, j) => {
      const Block = type === 'UpBlock2D' ? UpBlock2D : CrossAttnUpBlock2D;
      const i = last - j; // the down block whose size this one restores
      const block = {
        ...options(i),
        in_channels: channels[Math.max(i - 1, 0)]!,
        prev_output_channel: channels[Math.min(i + 1, last)]!,
        num_layers: layers[i]! + 1,
        add_upsample: i > 0,
      };
      return new Block(block, stream);
    });
    this.conv_norm_out = new GroupNorm(c.norm_num_groups, channels[0]!, c.norm_eps);
    this.conv_out = new Conv2d(channels[0]!, c.out_channels, stream);
  }

  /**
   * Loads a folder (or a model id that the hub's cache has) with config.json and diffusion_pytorch_model.safetensors.
   *
   * @param options `variant: 'fp16'` reads diffusion_pytorch_model.fp16.safetensors
   * @throws Error if a file is missing or damaged, or if keys or shapes do not fit
   */
  static fromPretrained(name: string, options: PretrainedOptions = {}): UNet2DConditionModel {
    const { config, weights, from } = pretrainedFiles().readModel(name, 'diffusers', options);
    const model = noInitWeights(
      () => new UNet2DConditionModel(config, new Generator(0).stream('init')),
    );
    try {
      loadStateDict(model, weights, from);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  }

  /** Writes config.json and the weights, for `diffusers.UNet2DConditionModel.from_pretrained`. */
  savePretrained(folder: string): void {
    const config = { _class_name: 'UNet2DConditionModel', ...this.config };
    pretrainedFiles().writeModel(folder, 'diffusers', config, this);
  }

  /**
   * @param sample the noisy images, [B, H, W, in_channels], together with mask and masked image of the extras
   * @param timestep int32 [B], from 0 to num_train_timesteps − 1
   * @param encoderHiddenStates the text's embedding, [B, L, cross_attention_dim]
   * @param extras residuals to be added to the skip connections and to the mid block's result; what an inpainting UNet fills
   * @returns the prediction, [B, H, W, out_channels]; the caller disposes it
   * @throws Error if a shape does not fit the config, an extra is not known, or the model was disposed
   */
  forward(
    sample: tf.Tensor4D,
    timestep: tf.Tensor1D,
    encoderHiddenStates: tf.Tensor3D,
    extras: UNetExtras = {},
  ): tf.Tensor4D {
    refuseDisposed('UNet2DConditionModel.forward', { 'the model': this });
    requireTensors('UNet2DConditionModel.forward', { sample, timestep, encoderHiddenStates });
    checkExtras(extras);
    const { mask, maskedImageLatents } = extras;
    const input = [sample, mask, maskedImageLatents].filter((part) => part !== undefined);
    this.checkShapes(input, timestep, encoderHiddenStates);
    const { block_out_channels, flip_sin_to_cos, freq_shift } = this.config;
    return tf.tidy(() => {
      const waves = timestepEmbedding(timestep, block_out_channels[0]!, {
        flip_sin_to_cos,
        freq_shift,
      });
      const temb = this.time_embedding.forward(waves); // [B, 4 · channels[0]]
      let hidden = this.conv_in.forward(input.length > 1 ? tf.concat(input, 3) : sample); // [B, H, W, channels[0]]
      const skips = [hidden];
      for (const block of this.down_blocks) {
        const output = block.forward(hidden, temb, encoderHiddenStates);
        hidden = output.hidden;
        skips.push(...output.skips);
      }
      const { downBlockAdditionalResiduals: residuals, midBlockAdditionalResidual } = extras;
      if (residuals) addResiduals(skips, residuals);
      hidden = this.mid_block.forward(hidden, temb, encoderHiddenStates);
      if (midBlockAdditionalResidual) hidden = tf.add(hidden, midBlockAdditionalResidual);
      for (const block of this.up_blocks) {
        const own = skips.splice(-block.resnets.length).reverse();
        const [, H, W] = (skips.at(-1) ?? sample).shape;
        hidden = block.forward(hidden, own, temb, encoderHiddenStates, [H, W]);
      }
      return this.conv_out.forward(this.conv_norm_out.forward(hidden, 'silu'));
    });
  }

  private checkShapes(
    input: readonly tf.Tensor[],
    timestep: tf.Tensor,
    encoderHiddenStates: tf.Tensor,
  ): void {
    const { in_channels, cross_attention_dim } = this.config;
    const width = perBlock(cross_attention_dim, 1)[0]!;
    const sample = input[0]!;
    const [B] = sample.shape;
    const channels = input.reduce((sum, { shape }) => sum + (shape[3] ?? NaN), 0);
    const fits =
      channels === in_channels &&
      input.every(
        ({ shape }) =>
          shape.length === 4 && [0, 1, 2].every((axis) => shape[axis] === sample.shape[axis]),
      ) &&
      timestep.rank === 1 &&
      timestep.shape[0] === B &&
      encoderHiddenStates.rank === 3 &&
      encoderHiddenStates.shape[0] === B &&
      (typeof cross_attention_dim !== 'number' || encoderHiddenStates.shape[2] === width);
    if (fits) return;
    throw new Error(
      `UNet2DConditionModel: expected sample [B, H, W, ${in_channels}], timestep [B] and ` +
        `encoderHiddenStates [B, L, ${width}] of one batch size, got ` +
        `${input.map(({ shape }) => `[${shape.join(', ')}]`).join(' + ')}, ` +
        `[${timestep.shape.join(', ')}] and [${encoderHiddenStates.shape.join(', ')}].`,
    );
  }

  /** Frees the weights; the model cannot be used afterwards. */
  dispose(): void {
    disposeModule(this);
  }
}

function checkExtras(extras: UNetExtras): void {
  const unknown = Object.keys(extras).filter((name) => !EXTRAS.includes(name));
  if (unknown.length === 0) return;
  throw new Error(
    `UNet2DConditionModel: expected extras of the names ${EXTRAS.join(', ')}, got ` +
      `${unknown.join(', ')}. A model that takes others wraps this one.`,
  );
}

/** Adds a residual to each skip connection, in place of the list. @throws Error if one is missing or misshaped */
function addResiduals(skips: tf.Tensor4D[], residuals: readonly tf.Tensor4D[]): void {
  const shapes = (list: readonly tf.Tensor[]) =>
    list.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  if (shapes(skips) !== shapes(residuals)) {
    throw new Error(
      'UNet2DConditionModel: expected downBlockAdditionalResiduals as the skip connections ' +
        `${shapes(skips)}, got ${shapes(residuals)}.`,
    );
  }
  residuals.forEach((residual, i) => (skips[i] = tf.add(skips[i]!, residual)));
}
