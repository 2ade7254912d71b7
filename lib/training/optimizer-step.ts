/** One step of a training: gradients gathered, exchanged with other workers, measured, and applied, or the batch left out. */
import { tf } from '../backend';
import { chooseMixedPrecision } from '../jit';
import { notice } from '../notices';
import type { EMAModel } from '../optim/ema';
import { clipFactor } from '../optim/grad-clip';
import type { Optimizer } from '../optim/optimizer';
import { Generator } from '../random';
import { GradientExchange } from './gradient-exchange';
import { NonFiniteLossError, type SkippedStep, type StepLog } from './history';
import { MicroBatches } from './micro-batches';
import type { Objective, RandomKeys } from './objective';
import type { Together } from './together';
import { TrainStep } from './train-step';
import type { ResolvedTrainerOptions } from './trainer-options';

/** Which step it is. */
export interface StepPlace {
  /** Steps done after it, from 1. */
  readonly step: number;
  readonly epoch: number;
  /** Batches before it, those left out too: what everything random is drawn by. */
  readonly batches: number;
  /** Batches left out right before it. */
  readonly skippedBefore: number;
}

export interface OptimizerStepParts {
  readonly objective: Objective;
  readonly optimizer: Optimizer;
  readonly ema: EMAModel | null;
  /** The other workers, if this is one of several. */
  readonly together: Together | null;
}

export class OptimizerStep {
  private readonly trainStep: TrainStep;
  private readonly generator: Generator;
  private microBatches: MicroBatches;

  /** Says in a notice when the precision that was asked for cannot be had. */
  constructor(
    private readonly parts: OptimizerStepParts,
    private options: ResolvedTrainerOptions,
  ) {
    const { cluster, gradientCompression, mixedPrecision, seed } = options;
    const { objective, optimizer, ema } = parts;
    const exchange = cluster && new GradientExchange(cluster, gradientCompression);
    const { precision, note } = chooseMixedPrecision('Trainer', mixedPrecision);
    if (note !== null) notice(note, 'PrecisionWarning');
    this.generator = new Generator(seed);
    this.trainStep = new TrainStep({ objective, optimizer, ema, exchange, precision });
    this.microBatches = this.cut();
  }

  private cut(): MicroBatches {
    return new MicroBatches(
      this.trainStep,
      this.options.microBatchSize,
      this.parts.together?.rowsOf,
    );
  }

  /** Takes other options for the steps to come. */
  setOptions(options: ResolvedTrainerOptions): void {
    const isCutAnew = options.microBatchSize !== this.options.microBatchSize;
    this.options = options;
    if (isCutAnew) this.microBatches = this.cut();
  }

  /** Samples at once in memory; undefined until `microBatchSize: 'auto'` has found it, at the first step. */
  get microBatchSize(): number | undefined {
    return this.microBatches.microBatchSize;
  }

  /**
   * @param indices places of the batch's samples
   * @throws NonFiniteLossError or OutOfMemoryError with the weights as before; WorkerLostError
   */
  async run(indices: Int32Array, place: StepPlace): Promise<StepLog | SkippedStep> {
    const start = performance.now();
    const { trainStep } = this;
    const { together, optimizer } = this.parts;
    const { step, epoch } = place;
    const { maxGradNorm, lrSchedule, exchangeGradients } = this.options;
    const learningRate = optimizer.lr * lrSchedule(step - 1);
    const part = this.gather(indices, place);
    const loss = together?.exchange(part, (own) => trainStep.exchange(own)) ?? part;
    if (exchangeGradients) await exchangeGradients(trainStep.gradients);
    const gradNorm = trainStep.gradNorm();
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      return this.leaveOut({ step, epoch, loss, gradNorm }, place.skippedBefore);
    }
    trainStep.apply(learningRate, clipFactor(gradNorm, maxGradNorm ?? Infinity));
    const seconds = (performance.now() - start) / 1000;
    return { step, epoch, loss, learningRate, gradNorm, seconds };
  }

  private gather(indices: Int32Array, { step, batches }: StepPlace): number {
    const keys = this.randomKeys(batches + 1);
    try {
      return this.microBatches.gather(indices, keys, step);
    } finally {
      tf.dispose({ ...keys });
    }
  }

  /** What everything random of a step is drawn by; the caller disposes them. */
  private randomKeys(position: number): RandomKeys {
    const keys = this.parts.objective.streams.map((name) => {
      const key = this.generator.stream(name).at(position);
      return [name, tf.tensor1d([...key], 'int32')] as const;
    });
    return Object.fromEntries(keys);
  }

  /** @throws NonFiniteLossError if the options do not let the batch be left out */
  private leaveOut(
    log: { step: number; epoch: number; loss: number; gradNorm: number },
    skippedBefore: number,
  ): SkippedStep {
    const { nonFinite, maxSkippedSteps } = this.options;
    const where = this.trainStep.nonFinite();
    if (nonFinite === 'throw' || skippedBefore >= maxSkippedSteps) {
      this.parts.together?.farewell(); // all throw, since loss and norm are those of all
      throw new NonFiniteLossError(log.step, log.loss, log.gradNorm, where, skippedBefore);
    }
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    return { ...log, loss: finite(log.loss), gradNorm: finite(log.gradNorm), where };
  }

  dispose(): void {
    this.trainStep.dispose();
  }
}
