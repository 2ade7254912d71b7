/**
 * UNets for inpainting: they see the mask, and the picture without what is masked, beside the noisy sample. Channels in
 * diffusers' order: noisy sample C, mask 1, masked picture C; 4 + 1 + 4 of Stable Diffusion, 1 + 1 + 1 of grey pixels.
 */
import type { tf } from '../backend';
import { loadStateDict, stateDict, type HostTensor } from '../nn/state-dict';
import { Generator } from '../random';
import { UNet2DConditionModel } from './unet-2d-condition';

/** What a config says of the channels. */
export interface ChannelConfig {
  readonly in_channels: number;
  /** Default: as many as go in. */
  readonly out_channels?: number | undefined;
}

/** What such a UNet takes beside the text: its extras. */
export interface InpaintingExtras {
  /** [B, H, W, 1]: 1 where it is drawn anew, else 0. */
  readonly mask: tf.Tensor4D;
  /** [B, H, W, C]: the picture as what is diffused, with 0 (mid-grey) for what is drawn anew. */
  readonly maskedImageLatents: tf.Tensor4D;
}

/** Whether a UNet takes mask and masked picture, by the number of its channels. */
export function isInpaintingConfig({
  in_channels,
  out_channels = in_channels,
}: ChannelConfig): boolean {
  return in_channels === 2 * out_channels + 1;
}

/** Channels of what is diffused. */
export function latentChannels(config: ChannelConfig): number {
  return isInpaintingConfig(config) ? (config.in_channels - 1) / 2 : config.in_channels;
}

/**
 * An inpainting UNet with a trained UNet's weights. `conv_in` gets zeros for the added channels and keeps its bias, so
 * that the new model predicts what the old one does until it is trained. (diffusers' train_instruct_pix2pix.py, which
 * widens likewise, leaves a random bias.)
 *
 * @param unet stays as it is
 * @returns the caller disposes it
 * @throws Error if the UNet takes other channels than it gives
 */
export function inpaintingUNet(unet: UNet2DConditionModel): UNet2DConditionModel {
  const { in_channels, out_channels } = unet.config;
  if (in_channels !== out_channels) {
    throw new Error(
      `inpaintingUNet: expected a text-to-image UNet, with as many channels in as out, got in_channels ${in_channels} ` +
        `and out_channels ${out_channels}.`,
    );
  }
  const weights = stateDict(unet);
  weights.set('conv_in.weight', widened(weights.get('conv_in.weight')!, 2 * in_channels + 1));
  const config = { ...unet.config, in_channels: 2 * in_channels + 1 };
  const made = new UNet2DConditionModel(config, new Generator(0).stream('init'));
  loadStateDict(made, weights, 'inpaintingUNet');
  return made;
}

/** A convolution's weight [out, in, h, w] with zeros for more inputs. */
function widened({ shape, data }: HostTensor, channels: number): HostTensor {
  const [out, , h, w] = shape as readonly [number, number, number, number];
  const [before, after] = [data.length / out, channels * h * w];
  const wide = new Float32Array(out * after);
  for (let o = 0; o < out; o++) {
    wide.set(data.subarray(o * before, (o + 1) * before), o * after);
  }
  return { shape: [out, channels, h, w], data: wide };
}
