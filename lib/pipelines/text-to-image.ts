import { tf } from '../backend';
import { checkTextParts } from '../conditioning/check-parts';
import type { Conditioning } from '../conditioning/conditioning';
import { learntCaptions } from '../conditioning/learnt-captions';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import { pixelCodec, type Codec } from '../models/codec';
import { pretrainedFiles, type Part, type PretrainedOptions } from '../models/pretrained';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { refuseDisposed } from '../nn/disposed';
import { Generator } from '../random';
import {
  isOverBetas,
  type Exchangeable,
  type Sampler,
  type Scheduler,
  requireScheduler,
} from '../schedulers/scheduler';
import { stoppable } from '../stop';
import { denoiseFrom, stepsFrom, type Passage } from './denoise-loop';
import { DenoiseSteps } from './denoise-steps';
import {
  resolveGenerateOptions,
  type GenerateOptions,
  type ResolvedGenerateOptions,
} from './generate-options';
import { latentShape, startingNoise, toImages } from './latents';
import { loraScaleOf } from './lora-scale';
import { checkProgressBarConfig, type ProgressBarConfig } from './progress-bar-config';
import {
  checkNoInpainting,
  type SampledModel,
  type TextToImageOutput,
  type TextToImageParts,
} from './text-to-image-parts';
import { checkExtras, disposeExtras, encodeTexts, promptsOnly, twice } from './prompts';

/** Sampling from noise to images, step by step; diffusers' `StableDiffusionPipeline`. */
export class TextToImagePipeline<
  U extends SampledModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
  K extends TextTokenizer = CLIPTokenizer,
  S extends Sampler = Scheduler,
> {
  readonly unet: U;
  readonly textEncoder: T;
  readonly tokenizer: K;
  readonly codec: Codec;
  #scheduler!: Exchangeable<S>;
  private readonly steps: DenoiseSteps;
  private barConfig: ProgressBarConfig = {};
  /** Prompts that something was said of. */
  private readonly told = new Set<string>();
  /** Whether the model was trained over betas: what the first scheduler is, others have to be. */
  private readonly isOverBetas: boolean;
  /** Models that `fromPretrained` made. */
  private owned: readonly Part[] = [];

  /**
   * The pipeline uses the parts and owns none of them.
   *
   * @throws Error if the parts do not fit together
   */
  constructor({ unet, textEncoder, tokenizer, scheduler, codec }: TextToImageParts<U, T, K, S>) {
    checkTextParts('TextToImagePipeline', { unet, textEncoder, tokenizer });
    this.unet = unet;
    this.steps = new DenoiseSteps(unet);
    this.textEncoder = textEncoder;
    this.tokenizer = tokenizer;
    this.scheduler = scheduler as Exchangeable<S>;
    this.isOverBetas = isOverBetas(scheduler);
    this.codec = codec ?? pixelCodec;
  }

  /**
   * May be another at any time. Its `timesteps` are set by each call of `generate`.
   *
   * @throws TypeError if it is set to something else
   */
  get scheduler(): Exchangeable<S> {
    return this.#scheduler;
  }

  set scheduler(scheduler: Exchangeable<S>) {
    requireScheduler('pipeline.scheduler', scheduler);
    this.#scheduler = scheduler;
  }

  /**
   * Loads a checkpoint's folder, or a model id that the hub's cache has; `dispose` then frees the models too.
   *
   * A model of flow matching has a scheduler without betas: `fromPretrained<FlowMatchEulerDiscreteScheduler>`.
   *
   * @param options `variant: 'fp16'` reads it of the parts that have it, as diffusers does
   * @throws Error if the folder is no finished checkpoint, a file is damaged, a class is not known or parts do not fit
   */
  static fromPretrained<S extends Sampler = Scheduler>(
    name: string,
    options: PretrainedOptions = {},
  ): TextToImagePipeline<UNet2DConditionModel, CLIPTextModel, CLIPTokenizer, S> {
    const loaded = pretrainedFiles().loadPipeline(name, options);
    const { unet, text_encoder, tokenizer, scheduler } = loaded;
    const parts = { unet, textEncoder: text_encoder, tokenizer, scheduler };
    const pipeline = new TextToImagePipeline(
      parts as TextToImageParts<UNet2DConditionModel, CLIPTextModel, CLIPTokenizer, S>,
    );
    pipeline.owned = [unet!, text_encoder!];
    return pipeline;
  }

  /**
   * Writes a folder in diffusers' layout.
   *
   * @throws Error if a file cannot be written, or the codec is not `pixelCodec`: a folder has no place for it
   */
  savePretrained(folder: string): void {
    if (this.codec !== pixelCodec) {
      throw new Error(
        'TextToImagePipeline.savePretrained: expected a pipeline over pixels, got one with a codec of its own, without ' +
          'which a loaded model would draw latents as if they were pixels. Save the models by themselves ' +
          '(pipeline.unet.savePretrained …) and give the codec to the constructor again.',
      );
    }
    const { unet, textEncoder: text_encoder, tokenizer, scheduler } = this;
    const parts = { unet, text_encoder, tokenizer, scheduler };
    pretrainedFiles().savePipeline(folder, 'StableDiffusionPipeline', parts);
  }

  /**
   * The embeddings that prompts are drawn by, as diffusers' `encode_prompt`; the caller disposes them.
   *
   * @param prompt one text, or several
   * @param options.negativePrompt what guidance departs from; without it `negativePromptEmbeds` is null
   * @returns [B, L, hidden_size] each
   */
  encodePrompt(
    prompt: string | readonly string[],
    { negativePrompt }: { readonly negativePrompt?: string | undefined } = {},
  ): { readonly promptEmbeds: tf.Tensor3D; readonly negativePromptEmbeds: tf.Tensor3D | null } {
    refuseDisposed('encodePrompt', { textEncoder: this.textEncoder });
    const texts = [prompt].flat();
    const encode = (list: readonly string[]) => this.encode(list);
    const promptEmbeds = encode(texts);
    if (negativePrompt === undefined) return { promptEmbeds, negativePromptEmbeds: null };
    return { promptEmbeds, negativePromptEmbeds: encode(texts.map(() => negativePrompt)) };
  }

  get progressBarConfig(): ProgressBarConfig {
    return this.barConfig;
  }

  /** How the bar of `generate` is shown from now on, where one is: in notebooks. */
  setProgressBarConfig(config: ProgressBarConfig): void {
    this.barConfig = checkProgressBarConfig(config);
  }

  /**
   * Draws images for the prompts. The same seed, prompts and options give the same images; without a seed one is drawn, which
   * the output names. A notebook shows a bar.
   *
   * @param prompt one text, or one per image
   * @throws TypeError or RangeError naming a bad prompt or option; Error if a model was disposed; Interrupted if the notebook's Stop ended it, or the reason
   *   of `signal`: an image that is not finished is none
   */
  async generate(
    prompt: string | readonly string[],
    options: GenerateOptions = {},
  ): Promise<TextToImageOutput> {
    const { scheduler } = this;
    checkNoInpainting('TextToImagePipeline', this.unet);
    const resolved = resolveGenerateOptions(prompt, options, scheduler.config);
    const { prompts, seed, numInferenceSteps } = resolved;
    const shape = latentShape(this.unet.config, this.codec, prompts.length, resolved.size);
    return this.conditioned(resolved, async (conditioning, stopped) => {
      const stream = new Generator(seed).stream('sampling');
      scheduler.setTimesteps(numInferenceSteps);
      const { images, intermediates } = await denoiseFrom(
        startingNoise(shape, stream.at(0), scheduler.initNoiseSigma),
        {
          ...this.passage(scheduler, resolved),
          conditioning,
          begin: 0,
          moves: stepsFrom(0, scheduler),
          stream,
        },
        stopped,
      );
      return { images, prompts, seed, intermediates };
    });
  }

  /** Runs a sampling with the prompts' conditioning, which is freed at the end; other pipelines over these models do so, too. */
  async conditioned<R>(
    options: ResolvedGenerateOptions,
    run: (conditioning: Passage['conditioning'], stopped: () => boolean) => Promise<R>,
  ): Promise<R> {
    const { unet, textEncoder } = this;
    refuseDisposed('generate', { unet, textEncoder });
    const { prompts, extras, guidanceScale } = options;
    checkExtras(extras, prompts.length);
    const guided = loraScaleOf(this, options)(() => this.conditioning(options));
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

  /**
   * What all samplings over these models share.
   *
   * @throws Error if the scheduler is for models that predict something else
   */
  passage(scheduler: Sampler, options: ResolvedGenerateOptions) {
    if (isOverBetas(scheduler) !== this.isOverBetas) {
      const kinds = ['of flow matching (FlowMatchEulerDiscreteScheduler)', 'over betas'];
      throw new Error(
        `generate: expected a scheduler ${kinds[Number(this.isOverBetas)]}, as the pipeline's models were trained with, ` +
          `got a ${scheduler.constructor.name}: what they predict means something else to it.`,
      );
    }
    return {
      scheduler,
      step: this.steps.of(scheduler.bounds, options.mixedPrecision),
      options,
      toImages: (latents: tf.Tensor4D) => toImages(this.codec, latents),
      within: loraScaleOf(this, options),
      barConfig: this.barConfig,
    } satisfies Partial<Passage>;
  }

  private encode(texts: readonly string[], onWarning?: GenerateOptions['onWarning']): tf.Tensor3D {
    const captions = learntCaptions(this.unet);
    const { told } = this;
    return encodeTexts(this.tokenizer, this.textEncoder, texts, { captions, told, onWarning });
  }

  /** What the steps are conditioned on: with guidance what it departs from, then the prompts; the caller disposes it. */
  private conditioning(options: ResolvedGenerateOptions): Conditioning {
    const { prompts, negativePrompt, guidanceScale, extras, onWarning } = options;
    const guided = guidanceScale !== 1;
    const texts = guided ? [...prompts.map(() => negativePrompt), ...prompts] : prompts;
    const encoderHiddenStates = this.encode(texts, onWarning);
    return { ...(guided ? twice(extras) : extras), encoderHiddenStates };
  }

  /** Frees the graphs, and the models if `fromPretrained` made them; what was given to the constructor stays. */
  dispose(): void {
    this.steps.dispose();
    for (const part of this.owned) (part as { dispose?: () => void }).dispose?.();
    this.owned = [];
  }
}
