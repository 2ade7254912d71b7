/** One step of a training: gradients gathered, exchanged with other workers, measured, and applied, or the batch left out. */
import { tf } from '../backend';
import { chooseMixedPrecision, chooseXla, JitSession } from '../jit';
import { notice } from '../notices';
import type { EMAModel } from '../optim/ema';
import { clipFactor } from '../optim/grad-clip';
import { factorAfter } from '../optim/lr-scheduler';
import type { Optimizer } from '../optim/optimizer';
import { Generator } from '../random';
import { GradientExchange } from './gradient-exchange';
import { NonFiniteLossError, type SkippedStep, type StepLog } from './history';
import { MicroBatches } from './micro-batches';
import type { Objective, RandomKeys } from './objective';
import { isOutOfMemory } from './out-of-memory';
import { StepBunch, type Collected } from './step-bunch';
import type { Together } from './together';
import { TrainStep, type TrainStepParts } from './train-step';
import type { ResolvedTrainerOptions } from './trainer-options';
import { WholeStep } from './whole-step';

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
  private readonly stepParts: Omit<TrainStepParts, 'exchange'>;
  private readonly trainStep: TrainStep;
  /** Of steps that are one graph each; null where there are none. */
  private bunch: StepBunch | null = null;
  /** Whether the next batch is done in parts: there it is found what is not finite, and said. */
  private isCareful = false;
  private hasSaidWhy = false;
  private readonly generator: Generator;
  private microBatches: MicroBatches;

  /** Says in a notice when the precision that was asked for cannot be had, or XLA. */
  constructor(
    private readonly parts: OptimizerStepParts,
    private options: ResolvedTrainerOptions,
  ) {
    const { cluster, gradientCompression, mixedPrecision, seed } = options;
    const { objective, optimizer, ema } = parts;
    const exchange = cluster && new GradientExchange(cluster, gradientCompression);
    const { precision, note } = chooseMixedPrecision('Trainer', mixedPrecision);
    if (note !== null) notice(note, 'PrecisionWarning');
    const { xla, note: whyNot } = chooseXla('Trainer', options.xla);
    if (whyNot !== null) notice(whyNot, 'TrainingWarning');
    this.generator = new Generator(seed);
    const session = new JitSession();
    this.stepParts = { objective, optimizer, ema, precision, xla, session };
    this.trainStep = new TrainStep({ ...this.stepParts, exchange });
    this.microBatches = this.cut();
    this.bunch = this.makeBunch();
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
    const { microBatchSize, loggingSteps, exchangeGradients } = this.options;
    this.options = options;
    if (options.microBatchSize !== microBatchSize) this.microBatches = this.cut();
    if (options.loggingSteps !== loggingSteps || options.exchangeGradients !== exchangeGradients) {
      this.bunch?.dispose();
      this.bunch = this.makeBunch();
    }
  }

  /** Null where the host has something to do within each step. */
  private makeBunch(): StepBunch | null {
    const { batchSize, loggingSteps, cluster, exchangeGradients } = this.options;
    if (loggingSteps === 1) return null;
    if (cluster || exchangeGradients) {
      this.sayWhy('gradients are exchanged in each step');
      return null;
    }
    const perEpoch = Math.ceil(this.parts.objective.length / batchSize); // a bunch ends with its epoch
    const most = Math.min(loggingSteps, perEpoch);
    return new StepBunch(new WholeStep(this.stepParts, most), loggingSteps);
  }

  private sayWhy(why: string): void {
    if (this.hasSaidWhy) return;
    this.hasSaidWhy = true;
    const { loggingSteps } = this.options;
    notice(`Trainer: loggingSteps ${loggingSteps} is 1 here: ${why}.`, 'TrainingWarning');
  }

  /** Steps under way, whose logs `collect` gives. */
  get underWay(): number {
    return this.bunch?.length ?? 0;
  }

  /** Whether it is time to collect them. */
  get isDue(): boolean {
    return this.bunch?.isFull ?? false;
  }

  /** What has become of the steps under way. If some were left as they were, the next batch is the first of them. */
  collect(): Collected {
    const collected = this.bunch?.collect() ?? { logs: [], left: 0 };
    if (collected.left > 0) this.isCareful = true;
    return collected;
  }

  /** Samples at once in memory; undefined until `microBatchSize: 'auto'` has found it, at the first step. */
  get microBatchSize(): number | undefined {
    return this.microBatches.microBatchSize;
  }

  /**
   * @param indices places of the batch's samples
   * @returns null if the step is under way
   * @throws NonFiniteLossError or OutOfMemoryError with the weights as before; WorkerLostError; Error if averaged ones stand there
   */
  async run(indices: Int32Array, place: StepPlace): Promise<StepLog | SkippedStep | null> {
    this.parts.ema?.requireTrainedWeights('Trainer.fit');
    if (this.launch(indices, place)) return null;
    const start = performance.now();
    const { trainStep } = this;
    const { together } = this.parts;
    const { step, epoch } = place;
    const { maxGradNorm, exchangeGradients } = this.options;
    const learningRate = this.learningRate(step);
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

  private learningRate(step: number): number {
    return this.parts.optimizer.lr * factorAfter(this.options.lrSchedule, step - 1);
  }

  /**
   * Launches the step as one graph.
   *
   * @returns false if it is to be done in parts; there is then no step under way
   * @throws OutOfMemoryError
   */
  private launch(indices: Int32Array, { step, epoch, batches }: StepPlace): boolean {
    const { bunch } = this;
    if (!bunch) return false;
    if (this.isCareful) {
      this.isCareful = false;
      return false;
    }
    return this.withKeys(batches + 1, (keys) => {
      if (!this.microBatches.takesWhole(indices, keys, step)) {
        this.sayWhy('the batch is computed in several micro-batches');
        return false;
      }
      return tf.tidy(() => {
        const rows = tf.range(0, indices.length, 1, 'int32');
        const input = { indices: tf.tensor1d(indices, 'int32'), rows, keys };
        const learningRate = this.learningRate(step);
        const { maxGradNorm } = this.options;
        try {
          bunch.launch(input, { step, epoch, learningRate }, maxGradNorm ?? Infinity);
          return true;
        } catch (error) {
          if (!isOutOfMemory(error)) throw error;
          return this.giveUp(bunch);
        }
      });
    });
  }

  /** Memory is used up: steps are done in parts from now on, which finds what fits or says what to try. */
  private giveUp(bunch: StepBunch): boolean {
    if (bunch.length > 0) {
      bunch.fail(); // this batch comes anew, after those under way were collected
      return true;
    }
    bunch.dispose();
    this.bunch = null;
    return false;
  }

  private gather(indices: Int32Array, { step, batches }: StepPlace): number {
    return this.withKeys(batches + 1, (keys) => this.microBatches.gather(indices, keys, step));
  }

  private withKeys<T>(position: number, run: (keys: RandomKeys) => T): T {
    const keys = this.randomKeys(position);
    try {
      return run(keys);
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
    this.bunch?.dispose();
    this.trainStep.dispose();
  }
}
