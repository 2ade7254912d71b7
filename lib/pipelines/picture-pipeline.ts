/** What pipelines share that begin with a picture: the parts and graphs of text to image. */
import { tf } from '../backend';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { Images } from '../images/images';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { Codec } from '../models/codec';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { randn, type RandomKey } from '../random';
import type { Exchangeable, NoiseLevel, Sampler, Scheduler } from '../schedulers/scheduler';
import type { GenerateOptions } from './generate-options';
import type { Intermediates } from './intermediates';
import type { Shape4D } from './latents';
import type { ProgressBarConfig } from './progress-bar-config';
import { TextToImagePipeline } from './text-to-image';
import type { SampledModel, TextToImageParts } from './text-to-image-parts';

/** What a picture is changed with; `size` says that a picture of another size than the training's is meant. */
export type PictureOptions = GenerateOptions;

/** What `generate` gives. */
export interface PictureOutput {
  /** [N, H, W, C], 0 to 1. */
  readonly images: Images;
  /** The prompt of each image. */
  readonly prompts: readonly string[];
  /** What decided all noise. */
  readonly seed: number;
  /** The images after each step, with `returnIntermediates`; else none. */
  readonly intermediates: Intermediates;
  /** Steps that were taken of those that were asked for. */
  readonly steps: number;
  /** The same in words, for example `strength 0.58 of 50 steps: 28 steps from t = 540`. */
  readonly description: string;
}

export abstract class PicturePipeline<
  U extends SampledModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
  K extends TextTokenizer = CLIPTokenizer,
  S extends Sampler = Scheduler,
> {
  /** May be another at any time. Its `timesteps` are set by each call of `generate`. */
  scheduler: Exchangeable<S>;
  protected readonly base: TextToImagePipeline<U, T, K, S>;
  private readonly isOwned: boolean;

  /**
   * @param parts models and scheduler, which stay the caller's; or a pipeline, whose models and graphs are shared
   * @param isOwned whether `dispose` frees what the pipeline holds. Default: unless it is another's
   * @throws Error if the parts do not fit together
   */
  constructor(
    parts: TextToImageParts<U, T, K, S> | TextToImagePipeline<U, T, K, S>,
    isOwned = !(parts instanceof TextToImagePipeline),
  ) {
    this.isOwned = isOwned;
    this.base = parts instanceof TextToImagePipeline ? parts : new TextToImagePipeline(parts);
    this.scheduler = this.base.scheduler;
  }

  get unet(): U {
    return this.base.unet;
  }

  get textEncoder(): T {
    return this.base.textEncoder;
  }

  get tokenizer(): K {
    return this.base.tokenizer;
  }

  get codec(): Codec {
    return this.base.codec;
  }

  get progressBarConfig(): ProgressBarConfig {
    return this.base.progressBarConfig;
  }

  /** How the bar of `generate` is shown from now on, where one is: in notebooks. */
  setProgressBarConfig(config: ProgressBarConfig): void {
    this.base.setProgressBarConfig(config);
  }

  /** Frees the graphs if they are not another pipeline's; the models stay, but those that `fromPretrained` made. */
  dispose(): void {
    if (this.isOwned) this.base.dispose();
  }
}

/** α · x0 + σ · noise; the caller disposes it. */
export function atLevel(
  { alpha, sigma }: NoiseLevel,
  x0: tf.Tensor4D,
  noise: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => tf.add(tf.mul(x0, alpha), tf.mul(noise, sigma)));
}

/** Standard normal; the caller disposes it. */
export const noiseOf = (shape: Shape4D, key: RandomKey): tf.Tensor4D =>
  randn<tf.Rank.R4>(shape, key);

/** Pictures from 0 to 1 as what is diffused; the caller disposes it. */
export function encoded(codec: Codec, pictures: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => codec.encode(tf.sub(tf.mul(pictures, 2), 1)));
}
