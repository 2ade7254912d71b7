/** What a training of images from captions is given, and what a micro-batch of it holds. */
import type { tf } from '../backend';
import type { Denoiser } from '../conditioning/conditioning';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { ImageDataset } from '../datasets/data-loader';
import type { StreamedDataset } from '../datasets/streamed-images';
import type { Codec } from '../models/codec';
import type { Scheduler } from '../schedulers/scheduler';
import type { Others } from './contrastive';
import type { Guidance } from './model-guidance';

/** What is trained, and on what. The training changes the models' weights and owns none of these. */
export interface TextToImageTrainingParts<
  U extends TrainedModel = TrainedModel,
  T extends TextEncoder = TextEncoder,
  S extends TrainingScheduler = Scheduler,
> {
  readonly unet: U;
  readonly textEncoder: T;
  readonly tokenizer: TextTokenizer;
  readonly noiseScheduler: S;
  readonly dataset: ImageDataset | StreamedDataset;
  /** What stands between pixels and what is diffused. Default: nothing, the pixels themselves. */
  readonly codec?: Codec;
}

/** What any scheduler says of a training. */
export interface TrainingScheduler {
  readonly config: { readonly num_train_timesteps: number };
}

/** What a UNet must say of itself to be trained. */
export interface TrainedModel extends Denoiser {
  readonly config: { readonly cross_attention_dim: number | readonly number[] };
}

/** A micro-batch. All tensors belong to the caller. */
export type TextToImageBatch = {
  /** [B, h, w, c]: the images, encoded; in [−1, 1] where pixels are diffused */
  readonly latents: tf.Tensor4D;
  /** int32 [B]: rows of the caption table */
  readonly captionIds: tf.Tensor1D;
  /** standard normal, shaped as the latents */
  readonly noise: tf.Tensor4D;
  /** int32 [B], 0…num_train_timesteps − 1; float32 of a scheduler with others */
  readonly timesteps: tf.Tensor1D;
} & Others &
  Pick<Guidance, 'guidance'>;
