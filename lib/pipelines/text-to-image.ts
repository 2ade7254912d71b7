import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../backend';
import { checkParts, loadCheckpoint, saveCheckpoint } from '../pretrained/checkpoint';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { gatherRows } from '../nn/gather-rows';
import { Generator, randn, type RandomStream } from '../random';
import type { DDPMScheduler } from '../schedulers/ddpm';
import { coefficientTable, COEFFICIENTS, type Scheduler } from '../schedulers/scheduler';
import { nextMacrotask, stoppable } from '../stop';
import { makeDenoiseStep, type DenoiseOutput } from './denoise-step';
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
  private readonly denoise: ReturnType<typeof makeDenoiseStep>;

  /**
   * The pipeline uses the parts and owns none of them, until `dispose` is called.
   *
   * @throws Error if the parts do not fit together
   */
  constructor({ unet, textEncoder, tokenizer, scheduler }: TextToImageParts<S>) {
    checkParts('TextToImagePipeline', { unet, textEncoder, tokenizer });
    this.unet = unet;
    this.textEncoder = textEncoder;
    this.tokenizer = tokenizer;
    this.scheduler = scheduler;
    this.denoise = makeDenoiseStep(unet, scheduler);
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
    const { guidanceRescale, guidanceInterval } = resolved;
    const [height, width] = size ?? this.trainedSize();
    const channels = this.unet.config.in_channels;
    const shape: [number, number, number, number] = [prompts.length, height, width, channels];
    const sampling = new Generator(seed).stream('sampling');
    this.scheduler.setTimesteps(numInferenceSteps);
    const { timesteps } = this.scheduler;
    const coefficients = coefficientTable(this.scheduler);
    const context = this.encode(prompts, resolved.negativePrompt, guidanceScale !== 1);
    // Outside of the interval the prompts alone count.
    const own = tf.slice(context, [context.shape[0] - prompts.length, 0, 0]);
    const isGuided = (timestep: number) => {
      const share = timestep / this.scheduler.config.num_train_timesteps;
      return guidanceInterval[0] <= share && share <= guidanceInterval[1];
    };
    let state = this.start(shape, sampling);
    try {
      return await stoppable(options.signal, async (stopped) => {
        for (const [i, timestep] of timesteps.entries()) {
          const next = tf.tidy(() =>
            this.denoise({
              sample: state.prevSample,
              previousOriginal: state.predOriginalSample,
              context: isGuided(timestep) ? context : own,
              timestep: tf.tensor1d(
                [timestep],
                timesteps instanceof Int32Array ? 'int32' : 'float32',
              ),
              coefficients: tf.tensor1d(
                coefficients.subarray(i * COEFFICIENTS.length, (i + 1) * COEFFICIENTS.length),
              ),
              guidanceScale: tf.scalar(guidanceScale),
              guidanceRescale: guidanceRescale === 0 ? null : tf.scalar(guidanceRescale),
              key: tf.tensor1d([...sampling.at(i + 1)], 'int32'),
            }),
          );
          tf.dispose(state);
          state = next;
          await callbackOnStepEnd?.({
            step: i + 1,
            steps: timesteps.length,
            timestep,
            sample: () => toImages(next.prevSample),
            predOriginalSample: () => toImages(next.predOriginalSample),
          });
          await nextMacrotask();
          if (stopped()) {
            const unfinished = i + 1 < timesteps.length;
            return { images: toImages(state.prevSample), prompts, stopped: unfinished };
          }
        }
        return { images: toImages(state.prevSample), prompts, stopped: false };
      });
    } finally {
      tf.dispose([state, context, own]);
    }
  }

  /** Pure noise, and no guess yet. */
  private start(shape: [number, number, number, number], sampling: RandomStream): DenoiseOutput {
    return tf.tidy(() => ({
      prevSample: tf.mul(randn<tf.Rank.R4>(shape, sampling.at(0)), this.scheduler.initNoiseSigma),
      predOriginalSample: tf.zeros<tf.Rank.R4>(shape),
    }));
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
    this.denoise.dispose();
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
