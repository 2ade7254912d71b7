/** What a text-to-image pipeline is made of, and what it gives. */
import type { Denoiser } from '../conditioning/conditioning';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { Images } from '../images/images';
import type { Codec } from '../models/codec';
import { isInpaintingConfig } from '../models/inpainting-unet';
import type { Sampler, Scheduler } from '../schedulers/scheduler';
import type { Intermediates } from './intermediates';
import type { LatentConfig } from './latents';

/** What a UNet must say of itself to be sampled with. */
export interface SampledModel extends Denoiser {
  readonly config: LatentConfig & { readonly cross_attention_dim: number | readonly number[] };
}

export interface TextToImageParts<
  U extends SampledModel = SampledModel,
  T extends TextEncoder = TextEncoder,
  K extends TextTokenizer = TextTokenizer,
  S extends Sampler = Scheduler,
> {
  readonly unet: U;
  readonly textEncoder: T;
  readonly tokenizer: K;
  readonly scheduler: S;
  /** What stands between pixels and what is diffused. Default: nothing, the pixels themselves. */
  readonly codec?: Codec | undefined;
}

/** @throws Error if the model takes a mask and a masked picture, which only inpainting has */
export function checkNoInpainting(owner: string, { config }: SampledModel): void {
  if (!isInpaintingConfig(config)) return;
  throw new Error(
    `${owner}: expected a UNet that takes as many channels as it gives, got one for inpainting (${config.in_channels} in, ` +
      `${config.out_channels} out). InpaintPipeline draws with it.`,
  );
}

/** What `generate` gives. */
export interface TextToImageOutput {
  /** [N, H, W, C], 0 to 1: `images[0]` is a picture, and `await images[0].save('digit.png')` writes it. */
  readonly images: Images;
  /** The prompt of each image. */
  readonly prompts: readonly string[];
  /** What decided all noise: `generate` with it, the same prompts and options draws the same. */
  readonly seed: number;
  /** The images after each step, with `returnIntermediates`; else none. `await intermediates.save('denoising.gif')` writes them. */
  readonly intermediates: Intermediates;
}
