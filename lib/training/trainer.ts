import { tf } from '../backend';
import { DataLoader, type Batch, type ImageDataset } from '../datasets/data-loader';
import { captionOf } from '../datasets/transforms';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { namedParameters } from '../nn/state-dict';
import { AdamW } from '../optim/adamw';
import { EMAModel } from '../optim/ema';
import { Generator } from '../random';
import type { DDPMScheduler } from '../schedulers/ddpm';
import { CaptionTable, checkLabels } from './captions';
import { DeviceData } from './device-data';
import { NonFiniteLossError, type StepLog, type TrainHistory } from './history';
import { nextMacrotask, stoppable } from '../stop';
import { TrainStep } from './train-step';
import { lastStep, resolveTrainerOptions, type TrainerOptions } from './trainer-options';

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

export interface FitOptions {
  /** Steps in all, counted from the first one ever; what is done already is not done again. */
  readonly maxSteps?: number;
  /** The same in epochs. */
  readonly epochs?: number;
  /** Called after every step; a promise is awaited. */
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  /** Called after the last step of each epoch, with the epoch's number from 0. */
  readonly onEpoch?: (epoch: number, steps: readonly StepLog[]) => void | Promise<void>;
  /** Called once at the end, also after a stop. */
  readonly onEnd?: (history: TrainHistory) => void | Promise<void>;
  /** Stops the loop after the present step. */
  readonly signal?: AbortSignal;
}

/** Where a training stands, besides weights and moments. */
export interface TrainerState {
  readonly seed: number;
  readonly batchSize: number;
  readonly step: number;
  readonly epoch: number;
  readonly position: number;
  readonly steps: readonly StepLog[];
}

/**
 * Trains a UNet, and by default its text encoder, to predict the noise in images. `fit` can be called
 * again: it goes on from where it stopped. Every random number depends on the seed and the step's
 * number only, so a run that was cut equals one that was not.
 */
export class Trainer {
  readonly options: Required<TrainerOptions>;
  readonly optimizer: AdamW;
  /** The average of the weights, if the option asks for one. */
  readonly ema: EMAModel | null;
  readonly loader: DataLoader;
  private readonly captions: CaptionTable;
  private readonly data: DeviceData;
  private readonly trainStep: TrainStep;
  private readonly generator: Generator;
  private readonly logs: StepLog[] = [];
  private baseLearningRate: number;
  private running = false;

  /** @throws RangeError or Error naming every bad option */
  constructor(
    readonly parts: TrainerParts,
    options: TrainerOptions,
  ) {
    const o = (this.options = resolveTrainerOptions(options));
    const { unet, textEncoder, tokenizer, noiseScheduler, dataset } = parts;
    this.generator = new Generator(o.seed);
    this.loader = new DataLoader(dataset, { batchSize: o.batchSize, seed: o.seed });
    const parameters = namedParameters({
      unet,
      ...(o.trainTextEncoder && { text_encoder: textEncoder }),
    });
    const { learningRate: lr, weightDecay, maxLength, trainTextEncoder } = o;
    const captions = parts.captions ?? Array.from({ length: 10 }, (_, digit) => captionOf(digit));
    checkLabels(dataset.labels, captions);
    const table = { tokenizer, textEncoder, captions, maxLength, trainTextEncoder };
    this.captions = new CaptionTable(table);
    this.data = new DeviceData(dataset, {
      numTrainTimesteps: noiseScheduler.config.num_train_timesteps,
      captionDropout: o.captionDropout,
      offsetNoise: o.offsetNoise,
      nullIndex: this.captions.nullIndex,
    });
    this.optimizer = new AdamW(parameters, { lr, weightDecay });
    this.baseLearningRate = lr;
    const { optimizer } = this;
    const ema = (this.ema = o.ema && new EMAModel(parameters, o.ema));
    this.trainStep = new TrainStep({
      unet,
      captions: this.captions,
      noiseScheduler,
      minSnrGamma: o.minSnrGamma,
      data: this.data,
      optimizer,
      ema,
      parameters,
    });
  }

  /** Steps done. */
  get step(): number {
    return this.logs.at(-1)?.step ?? 0;
  }

  /** The history so far. */
  get history(): TrainHistory {
    return { steps: [...this.logs], stopped: false };
  }

  /** Before `lrSchedule`; may be changed between steps. */
  get learningRate(): number {
    return this.baseLearningRate;
  }

  set learningRate(value: number) {
    this.optimizer.lr = value; // refuses what is no learning rate
    this.baseLearningRate = value;
  }

  /**
   * Trains until `maxSteps` or `epochs` are done in all, or until stopped.
   *
   * @throws NonFiniteLossError with the weights as before that step; Error if it runs already
   */
  async fit(options: FitOptions): Promise<TrainHistory> {
    const last = lastStep(options, this.loader.length);
    if (this.running) throw new Error('Trainer: fit is running already. Stop it first.');
    this.running = true;
    try {
      return await stoppable(options.signal, async (stopped) => {
        while (this.step < last && !stopped()) await this.fitEpoch(last, options, stopped);
        const history: TrainHistory = { steps: [...this.logs], stopped: this.step < last };
        await options.onEnd?.(history);
        return history;
      });
    } finally {
      this.running = false;
    }
  }

  /** The rest of the present epoch, or less if the last step comes first. */
  private async fitEpoch(last: number, options: FitOptions, stopped: () => boolean) {
    const { epoch } = this.loader.state();
    for (const batch of this.loader) {
      const log = this.runStepOrRewind(batch, epoch);
      this.logs.push(log);
      await options.onStep?.(log);
      await nextMacrotask();
      if (this.step >= last || stopped()) break;
    }
    if (this.loader.state().epoch === epoch) return;
    await options.onEpoch?.(
      epoch,
      this.logs.filter((log) => log.epoch === epoch),
    );
  }

  /** After a step that failed, its batch is the next one still. */
  private runStepOrRewind(batch: Batch, epoch: number): StepLog {
    const { length, batchSize } = this.loader;
    const position = (this.step - epoch * length) * batchSize;
    try {
      return this.runStep(batch, epoch);
    } catch (error) {
      this.loader.loadState({ epoch, position });
      throw error;
    }
  }

  /** One optimizer step. */
  private runStep(batch: Batch, epoch: number): StepLog {
    const start = performance.now();
    const step = this.step + 1;
    const { maxGradNorm } = this.options;
    const learningRate = this.learningRate * this.options.lrSchedule(this.step);
    if (learningRate !== this.optimizer.lr) this.optimizer.lr = learningRate;
    return tf.tidy(() => {
      const { loss, gradNorm } = this.gatherGradients(batch.indices, step);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        throw new NonFiniteLossError(step, loss, gradNorm);
      }
      const scale = maxGradNorm === null ? 1 : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      this.trainStep.apply(tf.scalar(scale));
      const seconds = (performance.now() - start) / 1000;
      return { step, epoch, loss, learningRate, gradNorm, seconds };
    });
  }

  private gatherGradients(batch: Int32Array, step: number): { loss: number; gradNorm: number } {
    const { microBatchSize } = this.options;
    const B = batch.length;
    const indices = tf.tensor1d(batch, 'int32');
    const key = (stream: 'noise' | 'offset' | 'timesteps' | 'dropout') =>
      tf.tensor1d([...this.generator.stream(stream).at(step)], 'int32');
    const keys = {
      noiseKey: key('noise'),
      offsetKey: key('offset'),
      timestepsKey: key('timesteps'),
      dropoutKey: key('dropout'),
    };
    let [loss, gradNorm] = [0, NaN];
    for (let start = 0; start < B; start += microBatchSize) {
      const size = Math.min(microBatchSize, B - start);
      tf.tidy(() => {
        const rows = tf.range(start, start + size, 1, 'int32');
        const draw = { indices, rows, ...keys };
        const result = this.trainStep.accumulate(draw, size / B, start === 0);
        loss += result.loss.dataSync()[0]!;
        gradNorm = result.gradNorm.dataSync()[0]!;
      });
    }
    return { loss, gradNorm };
  }

  /** Where the training stands; with weights and `optimizer.stateDict()`, all of it. */
  state(): TrainerState {
    const { seed, batchSize } = this.options;
    return { seed, batchSize, step: this.step, ...this.loader.state(), steps: [...this.logs] };
  }

  /** Goes on from there. The weights and the optimizer's state are loaded by the caller. */
  loadState({ epoch, position, steps }: TrainerState): void {
    this.loader.loadState({ epoch, position });
    this.logs.splice(0, this.logs.length, ...steps);
    this.captions.refresh();
  }

  /** Frees the optimizer's and the trainer's tensors; the models stay. */
  dispose(): void {
    this.trainStep.dispose();
    this.data.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
    this.captions.dispose();
  }
}
