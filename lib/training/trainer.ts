import { tf } from '../backend';
import { DataLoader, type Batch } from '../datasets/data-loader';
import { captionOf } from '../datasets/transforms';
import { namedParameters } from '../nn/state-dict';
import { AdamW } from '../optim/adamw';
import { EMAModel } from '../optim/ema';
import { Generator } from '../random';
import { nextMacrotask, stoppable } from '../stop';
import { CaptionTable, checkLabels } from './captions';
import { DeviceData } from './device-data';
import { isDone, type FitOptions, type Progress } from './fit-options';
import { NonFiniteLossError, type SkippedStep, type StepLog, type TrainHistory } from './history';
import { MicroBatches, type RandomKeys } from './micro-batches';
import { runConfig, type RunConfig } from './run-config';
import { TrainStep } from './train-step';
import {
  resolveTrainerOptions,
  type ResolvedTrainerOptions,
  type TrainerOptions,
} from './trainer-options';

import type { TrainerParts, TrainerState } from './trainer-parts';

export type { FitOptions } from './fit-options';
export type { TrainerParts, TrainerState } from './trainer-parts';

/**
 * Trains a UNet, and by default its text encoder, to predict the noise in images. `fit` can be called
 * again: it goes on from where it stopped. Every random number depends on the seed and the step's
 * number only, so a run that was cut equals one that was not.
 */
export class Trainer {
  readonly options: ResolvedTrainerOptions;
  readonly optimizer: AdamW;
  /** The moving average of the trained weights, if the option `ema` asks for one. */
  readonly ema: EMAModel | null;
  readonly loader: DataLoader;
  private readonly captions: CaptionTable;
  private readonly data: DeviceData;
  private readonly trainStep: TrainStep;
  private readonly microBatches: MicroBatches;
  private readonly generator: Generator;
  private readonly config: () => RunConfig;
  private readonly logs: StepLog[] = [];
  private readonly skipped: SkippedStep[] = [];
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
    const texts = parts.captions ?? Array.from({ length: 10 }, (_, digit) => captionOf(digit));
    checkLabels(dataset.labels, texts);
    const table = { tokenizer, textEncoder, captions: texts, maxLength, trainTextEncoder };
    const captions = (this.captions = new CaptionTable(table));
    const data = (this.data = new DeviceData(dataset, {
      numTrainTimesteps: noiseScheduler.config.num_train_timesteps,
      captionDropout: o.captionDropout,
      offsetNoise: o.offsetNoise,
      nullIndex: captions.nullIndex,
    }));
    const optimizer = (this.optimizer = new AdamW(parameters, { lr, weightDecay }));
    const ema = (this.ema = o.ema && new EMAModel(parameters, o.ema));
    this.baseLearningRate = lr;
    const { minSnrGamma } = o;
    const stepParts = {
      unet,
      captions,
      noiseScheduler,
      minSnrGamma,
      data,
      optimizer,
      ema,
      parameters,
    };
    this.trainStep = new TrainStep(stepParts);
    this.microBatches = new MicroBatches(this.trainStep, o.microBatchSize);
    this.config = () => runConfig(parts, texts, o);
  }

  /** Steps done. */
  get step(): number {
    return this.logs.at(-1)?.step ?? 0;
  }

  /** The history so far. */
  get history(): TrainHistory {
    return { steps: [...this.logs], skipped: [...this.skipped], stopped: false };
  }

  /** Images at once in memory; undefined until `microBatchSize: 'auto'` has found it, at the first step. */
  get microBatchSize(): number | undefined {
    return this.microBatches.microBatchSize;
  }

  /** Before `lrSchedule`; may be changed between steps. */
  get learningRate(): number {
    return this.baseLearningRate;
  }

  set learningRate(value: number) {
    this.optimizer.lr = value; // refuses what is no learning rate
    this.baseLearningRate = value;
  }

  private get progress(): Progress {
    return { step: this.step, batches: this.step + this.skipped.length };
  }

  /**
   * Trains until `maxSteps` or `epochs` are done in all, or until stopped.
   *
   * @throws NonFiniteLossError or OutOfMemoryError with the weights as before that step; Error if it
   * runs already
   */
  async fit(options: FitOptions): Promise<TrainHistory> {
    const done = isDone(options, this.loader.length);
    if (this.running) throw new Error('Trainer: fit is running already. Stop it first.');
    this.running = true;
    try {
      return await stoppable(options.signal, async (stopped) => {
        const ended = () => done(this.progress) || stopped();
        while (!ended()) await this.fitEpoch(options, ended);
        const history: TrainHistory = { ...this.history, stopped: !done(this.progress) };
        await options.onEnd?.(history);
        return history;
      });
    } finally {
      this.running = false;
    }
  }

  /** The rest of the present epoch, or less if it ends before. */
  private async fitEpoch(options: FitOptions, ended: () => boolean) {
    const { epoch } = this.loader.state();
    for (const batch of this.loader) {
      const log = this.runStepOrRewind(batch, epoch);
      if ('seconds' in log) {
        this.logs.push(log);
        await options.onStep?.(log);
      } else {
        this.skipped.push(log);
        await options.onSkip?.(log);
      }
      await nextMacrotask();
      if (ended()) break;
    }
    if (this.loader.state().epoch === epoch) return;
    await options.onEpoch?.(
      epoch,
      this.logs.filter((log) => log.epoch === epoch),
    );
  }

  /** After a step that failed, its batch is the next one still. */
  private runStepOrRewind(batch: Batch, epoch: number): StepLog | SkippedStep {
    const { length, batchSize } = this.loader;
    const position = (this.progress.batches - epoch * length) * batchSize;
    try {
      return this.runStep(batch, epoch);
    } catch (error) {
      this.loader.loadState({ epoch, position });
      throw error;
    }
  }

  /** One optimizer step, or none if the gradient is not finite and may be left out. */
  private runStep(batch: Batch, epoch: number): StepLog | SkippedStep {
    const start = performance.now();
    const step = this.step + 1;
    const { maxGradNorm } = this.options;
    const learningRate = this.learningRate * this.options.lrSchedule(this.step);
    if (learningRate !== this.optimizer.lr) this.optimizer.lr = learningRate;
    const run = (): StepLog | SkippedStep => {
      const keys = this.randomKeys(this.progress.batches + 1);
      const { loss, gradNorm } = this.microBatches.gather(batch.indices, keys, step);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        return this.leaveOut({ step, epoch, loss, gradNorm });
      }
      const scale = maxGradNorm === null ? 1 : Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      this.trainStep.apply(tf.scalar(scale));
      const seconds = (performance.now() - start) / 1000;
      return { step, epoch, loss, learningRate, gradNorm, seconds };
    };
    let log: StepLog | SkippedStep | undefined;
    tf.tidy(() => void (log = run()));
    return log!;
  }

  /** @throws NonFiniteLossError if the options do not let the batch be left out */
  private leaveOut(log: { step: number; epoch: number; loss: number; gradNorm: number }) {
    const { nonFinite, maxSkippedSteps } = this.options;
    const where = this.trainStep.nonFinite();
    const inARow = this.skipped.filter(({ step }) => step === log.step).length;
    if (nonFinite === 'throw' || inARow >= maxSkippedSteps) {
      throw new NonFiniteLossError(log.step, log.loss, log.gradNorm, where, inARow);
    }
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    return { ...log, loss: finite(log.loss), gradNorm: finite(log.gradNorm), where };
  }

  /** What everything random of a step is drawn by; the caller disposes them. */
  private randomKeys(position: number): RandomKeys {
    const key = (stream: 'noise' | 'offset' | 'timesteps' | 'dropout') =>
      tf.tensor1d([...this.generator.stream(stream).at(position)], 'int32');
    return {
      noiseKey: key('noise'),
      offsetKey: key('offset'),
      timestepsKey: key('timesteps'),
      dropoutKey: key('dropout'),
    };
  }

  /** Where the training stands; with weights, `optimizer.stateDict()` and `ema.stateDict()`, all of it. */
  state(): TrainerState {
    const { step, batches } = this.progress;
    const { steps, skipped } = this.history;
    const place = { step, ...this.loader.state(), randomPosition: batches };
    return { config: this.config(), ...place, steps, skipped };
  }

  /** Goes on from there. Weights, optimizer and moving average are loaded by the caller. */
  loadState({ epoch, position, steps, skipped }: TrainerState): void {
    this.loader.loadState({ epoch, position });
    this.logs.splice(0, this.logs.length, ...steps);
    this.skipped.splice(0, this.skipped.length, ...skipped);
    this.captions.refresh();
  }

  /** Frees the optimizer's, the average's and the trainer's tensors; the models stay. */
  dispose(): void {
    this.trainStep.dispose();
    this.data.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
    this.captions.dispose();
  }
}
