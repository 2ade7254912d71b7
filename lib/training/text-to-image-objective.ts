import { tf } from '../backend';
import { CaptionTable } from '../conditioning/captions';
import { checkTextParts } from '../conditioning/check-parts';
import { noteCaptions } from '../conditioning/learnt-captions';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { ImageDataset } from '../datasets/data-loader';
import { refuseMirroredDigits } from '../datasets/mirrored';
import type { StreamedDataset } from '../datasets/streamed-images';
import { inHalves } from '../jit';
import type { CLIPTextModel } from '../models/clip-text-model';
import { pixelCodec, type Codec } from '../models/codec';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { namedParameters } from '../nn/state-dict';
import { rand, randint, randn, type RandomKey } from '../random';
import type { Scheduler } from '../schedulers/scheduler';
import { checkCaptions, datasetIdentity, prefixed } from './dataset-identity';
import { CaptionChoices } from './caption-choices';
import { isWhole, ofRows, rowsAt } from './batch-rows';
import { neighbours, type Pair } from './contrastive';
import { DeviceImages, type BatchImages } from './device-images';
import { diffusionLoss, type DiffusionBatch } from './diffusion-loss';
import { guidanceWeights } from './model-guidance';
import { StreamedBatch } from './streamed-batch';
import type { BatchIndices, Objective, RandomKeys } from './objective';
import {
  resolveTextToImageOptions,
  type ResolvedTextToImageOptions,
  type TextToImageOptions,
} from './text-to-image-options';
import type {
  TextToImageBatch,
  TextToImageTrainingParts,
  TrainedModel,
  TrainingScheduler,
} from './text-to-image-parts';
import { checkTimestepBias, drawBiasedTimesteps, TIMESTEP_BIAS_DEFAULTS } from './timestep-bias';
import { requireRecord } from '../options';

const PART_NAMES = ['unet', 'textEncoder', 'tokenizer', 'noiseScheduler', 'dataset'];

/**
 * Images from captions, as diffusers' train_text_to_image.py. A class that extends it can draw more tensors into a batch:
 * they reach the model's `forward` as extras.
 */
export class TextToImageObjective<
  U extends TrainedModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
  S extends TrainingScheduler = Scheduler,
> implements Objective<TextToImageBatch> {
  readonly unet: U;
  readonly textEncoder: T;
  readonly tokenizer: TextTokenizer;
  readonly noiseScheduler: S;
  readonly dataset: ImageDataset | StreamedDataset;
  readonly codec: Codec;
  readonly options: ResolvedTextToImageOptions;
  readonly parts: Objective['parts'];
  readonly pipelineClass: string = 'StableDiffusionPipeline';
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly length: number;
  streams: readonly string[] = ['noise', 'offset', 'timesteps', 'dropout'];
  private readonly latentShape: readonly [number, number, number];
  private readonly captions: CaptionTable;
  protected readonly images: BatchImages;
  /** The caption of each image, or which it can have. */
  private readonly captionIds: CaptionChoices;

  /** @throws RangeError or Error naming every bad option, or what does not fit together */
  constructor(parts: TextToImageTrainingParts<U, T, S>, options: TextToImageOptions = {}) {
    requireRecord('TextToImageObjective', parts, `{ ${PART_NAMES.join(', ')} }`, PART_NAMES);
    const { unet, textEncoder, tokenizer, noiseScheduler, dataset, codec } = parts;
    const o = (this.options = resolveTextToImageOptions(options));
    checkTextParts('TextToImageObjective', { unet, textEncoder, tokenizer });
    checkCaptions(dataset);
    if (o.randomFlip) refuseMirroredDigits('TextToImageObjective: randomFlip', dataset.captions);
    checkTimestepBias('TextToImageObjective', o, noiseScheduler.config.num_train_timesteps);
    this.unet = unet;
    this.textEncoder = textEncoder;
    this.tokenizer = tokenizer;
    this.noiseScheduler = noiseScheduler;
    this.dataset = dataset;
    this.codec = codec ?? pixelCodec;
    this.parts = { unet, text_encoder: textEncoder, tokenizer, scheduler: noiseScheduler };
    this.parameters = namedParameters({
      unet,
      ...(o.trainTextEncoder && { text_encoder: textEncoder }),
    });
    this.length = dataset.length;
    const [, height = 1, width = 1, channels = 1] =
      'source' in dataset ? dataset.source.shape : dataset.images.shape;
    this.latentShape = this.codec.latentShape([height, width, channels]);
    const { maxLength, trainTextEncoder } = o;
    const { captions } = dataset;
    const table = { tokenizer, textEncoder, captions, maxLength, trainTextEncoder };
    this.captions = new CaptionTable(table);
    tokenizer.modelMaxLength = maxLength; // what it is trained with, it is sampled with
    noteCaptions(unet, captions);
    this.images =
      'source' in dataset ? new StreamedBatch(dataset.source) : new DeviceImages(dataset.images);
    this.captionIds = new CaptionChoices(dataset);
    const more = [dataset.captionChoices && 'captions', o.randomFlip && 'flip'];
    this.streams = [...this.streams, ...more.filter((name) => typeof name === 'string')];
  }

  draw(batch: BatchIndices, keys: RandomKeys): TextToImageBatch {
    refuseDisposed('TextToImageObjective.draw', { 'the objective': this });
    const { captionDropout, contrastiveWeight, modelGuidanceScale } = this.options;
    const B = batch.indices.shape[0];
    return tf.tidy(() => {
      const chosen = ofRows(batch.indices, batch);
      const dropped = tf.less(
        ofRows(rand<tf.Rank.R1>([B], keys['dropout']!), batch),
        captionDropout,
      );
      const key = keys['captions'];
      const place = key && ofRows(rand<tf.Rank.R1>([B], key), batch);
      const captionIds = this.captionIds.gather(chosen, place);
      const pairs = this.pairsOf(batch, keys);
      const own = pairs((whole) => ofRows(whole, batch), batch.rows);
      const next = contrastiveWeight > 0 && neighbours(batch);
      // Of a whole batch the neighbours are there: no image is unpacked and encoded twice.
      const at = (rows: tf.Tensor1D): Pair =>
        isWhole(batch)
          ? { latents: rowsAt(own.latents, rows), noise: rowsAt(own.noise, rows) }
          : pairs((whole) => rowsAt(whole, rows), rows);
      const other = next && at(next);
      const empty = tf.fill<tf.Rank.R1>(chosen.shape, this.captions.emptyId, 'int32');
      return {
        ...own,
        captionIds: tf.where(dropped, empty, captionIds),
        timesteps: ofRows(this.drawTimesteps(B, keys['timesteps']!), batch),
        ...(other && { otherLatents: other.latents, otherNoise: other.noise }),
        ...(modelGuidanceScale > 1 && { guidance: guidanceWeights(batch, modelGuidanceScale) }),
      };
    });
  }

  /** Images, encoded, and their noise, of any rows of the batch. */
  private pairsOf({ indices }: BatchIndices, keys: RandomKeys) {
    const B = indices.shape[0];
    const noise = this.noise(B, keys);
    const flips = keys['flip'] && rand<tf.Rank.R1>([B], keys['flip']);
    return (rowsOf: <T extends tf.Tensor>(whole: T) => T, rows: tf.Tensor1D): Pair => {
      const images = this.images.gather(rowsOf(indices), rows);
      const latents = this.codec.encode(flips ? mirrored(images, rowsOf(flips)) : images);
      return { latents, noise: rowsOf(noise) };
    };
  }

  /** Time steps of a whole batch, [count]; the caller disposes them. */
  protected drawTimesteps(count: number, key: RandomKey): tf.Tensor1D {
    const { num_train_timesteps } = this.noiseScheduler.config;
    return this.options.timestepBiasStrategy === 'none'
      ? randint<tf.Rank.R1>([count], 0, num_train_timesteps, key)
      : drawBiasedTimesteps(count, key, this.options, num_train_timesteps);
  }

  private noise(B: number, keys: RandomKeys): tf.Tensor4D {
    const { offsetNoise } = this.options;
    const noise = randn<tf.Rank.R4>([B, ...this.latentShape], keys['noise']!);
    if (offsetNoise === 0) return noise;
    const offset = randn<tf.Rank.R4>([B, 1, 1, this.latentShape[2]], keys['offset']!);
    return tf.add<tf.Tensor4D>(noise, tf.mul(offset, offsetNoise));
  }

  loss({ captionIds, ...batch }: TextToImageBatch): tf.Scalar {
    return tf.tidy(() => {
      const text = batch.guidance
        ? this.captions.withEmpty(captionIds)
        : { encoderHiddenStates: this.captions.encoderHiddenStates(captionIds) };
      return inHalves((half) => this.lossOf(half), { ...batch, ...text });
    });
  }

  /** Of a batch or half of one, a scalar that the caller disposes. Over a scheduler without betas a subclass has its own. */
  protected lossOf(batch: DiffusionBatch): tf.Scalar {
    const noiseScheduler = this.noiseScheduler as unknown as Scheduler;
    const { minSnrGamma, contrastiveWeight } = this.options;
    return diffusionLoss(
      { unet: this.unet, noiseScheduler, minSnrGamma, contrastiveWeight },
      batch,
    );
  }

  identity(): Readonly<Record<string, unknown>> {
    const { unet, textEncoder, tokenizer, noiseScheduler, dataset } = this;
    // runs from before there was an option go on
    const later = {
      randomFlip: false,
      contrastiveWeight: 0,
      modelGuidanceScale: 1,
      ...TIMESTEP_BIAS_DEFAULTS,
    };
    const options = Object.entries(this.options).filter(
      ([name, value]) => value !== (later as Record<string, unknown>)[name],
    );
    return {
      ...Object.fromEntries(options),
      ...prefixed('unet', unet.config),
      ...prefixed('textEncoder', textEncoder.config),
      ...prefixed('noiseScheduler', noiseScheduler.config),
      'tokenizer.vocabSize': tokenizer.vocabSize,
      ...datasetIdentity(dataset),
    };
  }

  /** Brings a batch to the device whose images stay in a file. */
  async prepare(indices: Int32Array, next: Int32Array | undefined): Promise<void> {
    await this.images.prepare?.(indices, next);
  }

  refresh(): void {
    this.captions.refresh();
  }

  /** Frees what the training made; the models stay. */
  dispose(): void {
    this.images.dispose();
    this.captionIds.dispose();
    this.captions.dispose();
    markDisposed(this);
  }
}

/** @param draws [m] in [0, 1) @returns the images, mirrored where the draw is below ½ */
function mirrored(images: tf.Tensor4D, draws: tf.Tensor1D): tf.Tensor4D {
  const flips = tf.less(tf.reshape(draws, [-1, 1, 1, 1]), 0.5);
  return tf.where(flips, tf.reverse(images, 2), images);
}
