/** What pipelines share that begin with a picture: the parts and graphs of text to image. */
import { tf } from '../backend';
import type { Conditioning } from '../conditioning/conditioning';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { Images } from '../images/images';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { Codec } from '../models/codec';
import type { PretrainedOptions } from '../models/pretrained';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { randn, type RandomKey } from '../random';
import type { Exchangeable, NoiseLevel, Sampler, Scheduler } from '../schedulers/scheduler';
import { stoppable } from '../stop';
import type { GenerateOptions, ResolvedGenerateOptions } from './generate-options';
import type { Intermediates } from './intermediates';
import type { Shape4D } from './latents';
import { loraScaleOf } from './lora-scale';
import type { ProgressBarConfig } from './progress-bar-config';
import { checkExtras, disposeExtras, promptsOnly } from './prompts';
import { TextToImagePipeline, type SampledModel, type TextToImageParts } from './text-to-image';

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
   * @throws Error if the parts do not fit together
   */
  constructor(parts: TextToImageParts<U, T, K, S> | TextToImagePipeline<U, T, K, S>) {
    this.isOwned = !(parts instanceof TextToImagePipeline);
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

  /** Runs a sampling with the prompts' conditioning, which is freed at the end. */
  protected async conditioned<R>(
    options: ResolvedGenerateOptions,
    run: (
      conditioning: { readonly guided: Conditioning; readonly alone: Conditioning },
      stopped: () => boolean,
    ) => Promise<R>,
  ): Promise<R> {
    const { prompts, extras, guidanceScale } = options;
    checkExtras(extras, prompts.length);
    const guided = loraScaleOf(this, options)(() => this.base.conditioning(options));
    const alone: Conditioning = {
      ...extras,
      encoderHiddenStates: promptsOnly(guided, prompts.length),
    };
    try {
      return await stoppable(options.signal, (stopped) => run({ guided, alone }, stopped));
    } finally {
      const { encoderHiddenStates, ...doubled } = guided;
      tf.dispose([encoderHiddenStates, alone.encoderHiddenStates]);
      if (guidanceScale !== 1) disposeExtras(doubled);
    }
  }

  /** Frees the graphs if they are not another pipeline's; the models stay, but those that `fromPretrained` made. */
  dispose(): void {
    if (this.isOwned) this.base.dispose();
  }
}

/** A pipeline over loaded models, which it frees at the end. */
export function loadedBase(name: string, options: PretrainedOptions): TextToImagePipeline {
  return TextToImagePipeline.fromPretrained(name, options);
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
