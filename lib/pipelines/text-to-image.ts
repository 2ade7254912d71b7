import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';
import { loadCheckpoint, saveCheckpoint } from './checkpoint';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { gatherRows } from '../nn/gather-rows';
import { Generator, randn } from '../random';
import type { DDPMScheduler } from '../schedulers/ddpm';
import type { Scheduler } from '../schedulers/scheduler';
import { nextMacrotask, stoppable } from '../stop';
import { resolveGenerateOptions, type GenerateOptions } from './generate-options';

export interface TextToImageParts<S extends Scheduler = Scheduler> {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  readonly scheduler: S;
}

/** What `generate` gives. */
export interface TextToImageOutput {
  /** [N, H, W, C], 0 to 1. */
  readonly images: NdArray<Float32Array>;
  /** The prompt of each image. */
  readonly prompts: readonly string[];
  /** True if it was stopped: the images are then as far as they came. */
  readonly stopped: boolean;
}

/** Sampling from noise to images, step by step; diffusers' pipelines, for images without a VAE. */
export class TextToImagePipeline<S extends Scheduler = Scheduler> {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  /** Its `timesteps` are set by each call of `generate`. */
  readonly scheduler: S;

  /** The pipeline uses the parts and owns none of them, until `dispose` is called. */
  constructor({ unet, textEncoder, tokenizer, scheduler }: TextToImageParts<S>) {
    const width = unet.config.cross_attention_dim;
    const { hidden_size } = textEncoder.config;
    if (typeof width === 'number' && width !== hidden_size) {
      throw new Error(
        `TextToImagePipeline: the text encoder's hidden_size (${hidden_size}) must equal the UNet's ` +
          `cross_attention_dim (${width}).`,
      );
    }
    this.unet = unet;
    this.textEncoder = textEncoder;
    this.tokenizer = tokenizer;
    this.scheduler = scheduler;
  }

  /** Loads a checkpoint folder; `dispose` frees the models. */
  static fromPretrained(folder: string): TextToImagePipeline<DDPMScheduler> {
    return new TextToImagePipeline(loadCheckpoint(folder));
  }

  /** Writes a folder in diffusers' layout. */
  savePretrained(this: TextToImagePipeline<DDPMScheduler>, folder: string): void {
    saveCheckpoint(folder, this);
  }

  /**
   * Draws images for the prompts. The same seed, prompts and options give the same images.
   *
   * @param prompt one text, or one per image
   * @throws TypeError or RangeError naming a bad prompt or option
   */
  async generate(
    prompt: string | readonly string[],
    options: GenerateOptions,
  ): Promise<TextToImageOutput> {
    const resolved = resolveGenerateOptions(prompt, options, this.scheduler.config);
    const { prompts, guidanceScale, numInferenceSteps, seed, size, callbackOnStepEnd } = resolved;
    const [height, width] = size ?? this.trainedSize();
    const channels = this.unet.config.in_channels;
    const shape: [number, number, number, number] = [prompts.length, height, width, channels];
    const sampling = new Generator(seed).stream('sampling');
    this.scheduler.setTimesteps(numInferenceSteps);
    const context = this.encode(prompts, resolved.negativePrompt, guidanceScale !== 1);
    let sample = tf.tidy(
      () =>
        tf.mul(
          randn<tf.Rank.R4>(shape, sampling.at(0)),
          this.scheduler.initNoiseSigma,
        ) as tf.Tensor4D,
    );
    let previousOriginal: tf.Tensor | null = null;
    try {
      return await stoppable(options.signal, async (stopped) => {
        const { timesteps } = this.scheduler;
        for (const [i, timestep] of timesteps.entries()) {
          const next = tf.tidy(() => {
            const output = this.predict(sample, timestep, context, guidanceScale);
            const noise = randn<tf.Rank.R4>(shape, sampling.at(i + 1));
            const step = this.scheduler.step(output, timestep, sample, noise, previousOriginal);
            return { ...step };
          });
          tf.dispose([sample, ...(previousOriginal ? [previousOriginal] : [])]);
          sample = next.prevSample as tf.Tensor4D;
          previousOriginal = next.predOriginalSample;
          await callbackOnStepEnd?.({
            step: i + 1,
            steps: timesteps.length,
            timestep,
            sample: () => toImages(next.prevSample),
            predOriginalSample: () => toImages(next.predOriginalSample),
          });
          await nextMacrotask();
          if (stopped())
            return { images: toImages(sample), prompts, stopped: i + 1 < timesteps.length };
        }
        return { images: toImages(sample), prompts, stopped: false };
      });
    } finally {
      tf.dispose([sample, context, ...(previousOriginal ? [previousOriginal] : [])]);
    }
  }

  /** The UNet's prediction, guided: u + s · (c − u) (Ho & Salimans 2022, with s = 1 + w). */
  private predict(sample: tf.Tensor4D, timestep: number, context: tf.Tensor3D, s: number) {
    const input = this.scheduler.scaleModelInput(sample, timestep) as tf.Tensor4D;
    const B = input.shape[0];
    const times = (n: number) => tf.fill<tf.Rank.R1>([n], timestep, 'int32');
    if (s === 1) return this.unet.forward(input, times(B), context);
    const both = this.unet.forward(tf.concat([input, input]), times(2 * B), context);
    const [uncond, cond] = tf.split(both, 2) as [tf.Tensor, tf.Tensor];
    return tf.add(uncond, tf.mul(tf.sub(cond, uncond), s));
  }

  /** Each distinct text encoded once. @returns [B, L, C], or [2B, L, C] with the negative prompt first */
  private encode(prompts: readonly string[], negative: string, guided: boolean): tf.Tensor3D {
    const texts = guided ? [...prompts.map(() => negative), ...prompts] : [...prompts];
    const distinct = [...new Set(texts)];
    const { input_ids, shape } = this.tokenizer.encode(distinct, { maxLength: 8 });
    return tf.tidy(() => {
      const ids = tf.tensor2d(input_ids, [shape[0], shape[1]], 'int32');
      const rows = texts.map((text) => distinct.indexOf(text));
      const hidden = this.textEncoder.lastHiddenState(ids);
      return gatherRows(hidden, tf.tensor1d(rows, 'int32')) as tf.Tensor3D;
    });
  }

  private trainedSize(): [number, number] {
    const size = this.unet.config.sample_size;
    if (size === null) {
      throw new Error(
        "TextToImagePipeline: the UNet's config has no sample_size; pass size: [H, W].",
      );
    }
    return typeof size === 'number' ? [size, size] : [size[0]!, size[1]!];
  }

  /** Frees both models. */
  dispose(): void {
    this.unet.dispose();
    this.textEncoder.dispose();
  }
}

/**
 * From [−1, 1] to [0, 1], clipped, on the host.
 *
 * @throws Error if a number is not finite
 */
function toImages(sample: tf.Tensor): NdArray<Float32Array> {
  const data = tf.tidy(() => tf.clipByValue(tf.add(tf.mul(sample, 0.5), 0.5), 0, 1).dataSync());
  if (!data.every(Number.isFinite)) {
    throw new Error('The images hold NaN: the weights are broken, or guidanceScale is too large.');
  }
  return ndarray(data as Float32Array, [...sample.shape]);
}
