import type { ImageDataset } from '../datasets/data-loader';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { DDPMScheduler } from '../schedulers/ddpm';
import type { SkippedStep, StepLog } from './history';

/** What is trained, and on what. The trainer changes the models' weights and owns none of these. */
export interface TrainerParts {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: DDPMScheduler;
  readonly dataset: ImageDataset;
  /** The caption of each label; "A handwritten digit 0" to "… 9" unless told. */
  readonly captions?: readonly string[];
}

/** Where a training stands, besides weights, moments and moving average. */
export interface TrainerState {
  /** What may not change when the run goes on. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Optimizer steps done: the place in the learning-rate schedule. */
  readonly step: number;
  /** Epochs complete. With `position`, the place in the data. */
  readonly epoch: number;
  /** Samples of the present epoch that were used. */
  readonly position: number;
  /**
   * Keys taken from each random stream. Every number depends on the seed, the stream and this count alone, so
   * streams have no other state.
   */
  readonly randomPosition: number;
  readonly steps: readonly StepLog[];
  readonly skipped: readonly SkippedStep[];
}
