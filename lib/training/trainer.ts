import { tf } from '../backend';
import { BatchSampler } from '../datasets/batch-sampler';
import { HeldFolders } from '../io/runs/held-folders';
import { chooseMixedPrecision } from '../jit';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { EMAModel } from '../optim/ema';
import { clipFactor } from '../optim/grad-clip';
import { makeOptimizer } from '../optim/make-optimizer';
import type { Optimizer } from '../optim/optimizer';
import { definedKeys, requireRecord } from '../options';
import { Generator } from '../random';
import { notice } from '../notices';
import { loopBar, type LoopBar } from '../progress';
import { isInterrupted, nextMacrotask, stoppable } from '../stop';
import {
  alreadyDone,
  checkFitOptions,
  GOES_ON,
  isDone,
  type FitOptions,
  type Progress,
} from './fit-options';
import { NonFiniteLossError, type SkippedStep, type StepLog, type TrainHistory } from './history';
import { GradientExchange } from './gradient-exchange';
import { MicroBatches } from './micro-batches';
import type { Objective, RandomKeys } from './objective';
import { changesInPlace, freeOptions, runConfig, sayChanges } from './run-config';
import { Together } from './together';
import { TrainStep } from './train-step';
import {
  resolveTrainerOptions,
  type ResolvedTrainerOptions,
  type TrainerOptions,
} from './trainer-options';
import type { TrainerState } from './trainer-state';

export type { FitOptions } from './fit-options';

/**
 * Trains an objective's parameters. `fit` can be called again: it goes on from where it stopped. Every random
 * number depends on the seed and the step's number only, so a run that was cut equals one that was not.
 */
export class Trainer<O extends Objective = Objective> {
  private own: ResolvedTrainerOptions;
  readonly optimizer: Optimizer;
  /** The moving average of the trained weights, if the option `ema` asks for one. */
  readonly ema: EMAModel | null;
  /** Gives out the places of each batch's samples. */
  readonly sampler: BatchSampler;
  /** Run folders that nobody else may write to, until `fit` ends. */
  readonly folders = new HeldFolders();
  private readonly trainStep: TrainStep;
  /** The other workers, if this is one of several. */
  private readonly together: Together | null;
  private microBatches: MicroBatches;
  private readonly generator: Generator;
  private logs: StepLog[] = [];
  private skipped: SkippedStep[] = [];
  private running = false;

  /**
   * @param objective what is trained; it stays the caller's
   * @throws RangeError or Error naming every bad option
   */
  constructor(
    readonly objective: O,
    options: TrainerOptions,
  ) {
    requireRecord('Trainer', objective, 'an objective, such as a TextToImageObjective', [
      'parameters',
    ]);
    const o = (this.own = resolveTrainerOptions(options));
    const { parameters } = objective;
    this.generator = new Generator(o.seed);
    const { batchSize, seed } = o;
    if (objective.length === 0) {
      throw new RangeError('Trainer: expected at least one sample to train on, got none.');
    }
    this.sampler = new BatchSampler(objective.length, { batchSize, seed }, 'Trainer');
    const optimizer = (this.optimizer = makeOptimizer(parameters, o));
    const ema = (this.ema = o.ema && new EMAModel(parameters, o.ema));
    const { cluster } = o;
    this.together = cluster && new Together(cluster);
    const exchange = cluster && new GradientExchange(cluster, o.gradientCompression);
    const { precision, note } = chooseMixedPrecision('Trainer', o.mixedPrecision);
    if (note !== null) notice(note, 'PrecisionWarning');
    this.trainStep = new TrainStep({ objective, optimizer, ema, exchange, precision });
    this.microBatches = this.cut(o.microBatchSize);
  }

  get options(): ResolvedTrainerOptions {
    return { ...this.own, learningRate: this.learningRate };
  }

  /**
   * Takes other options for the steps to come: `learningRate`, `lrSchedule`, `maxGradNorm`, `microBatchSize`, `nonFinite`,
   * `maxSkippedSteps`, `exchangeGradients`. A notebook says which have changed.
   *
   * @returns the names of those that have changed
   * @throws RangeError naming every option that is unknown, out of range, or may not change; nothing is then changed
   */
  setOptions(options: Partial<TrainerOptions>): string[] {
    const before = this.options;
    const next = resolveTrainerOptions({ ...before, ...definedKeys(options) });
    const changed = changesInPlace(before, next);
    this.own = next;
    this.learningRate = next.learningRate;
    if (changed.some(({ name }) => name === 'microBatchSize')) {
      this.microBatches = this.cut(next.microBatchSize);
    }
    sayChanges('Trainer', changed, this.step);
    return changed.map(({ name }) => name);
  }

  private cut(microBatchSize: number | 'auto'): MicroBatches {
    return new MicroBatches(this.trainStep, microBatchSize, this.together?.rowsOf);
  }

  /** Steps done. */
  get step(): number {
    return this.logs.at(-1)?.step ?? 0;
  }

  /** The history so far. */
  get history(): TrainHistory {
    return { steps: [...this.logs], skipped: [...this.skipped], stopped: false };
  }

  /** Samples at once in memory; undefined until `microBatchSize: 'auto'` has found it, at the first step. */
  get microBatchSize(): number | undefined {
    return this.microBatches.microBatchSize;
  }

  /** The base learning rate, to which `lrSchedule` is a factor. It may be changed between steps. */
  get learningRate(): number {
    return this.optimizer.lr;
  }

  set learningRate(value: number) {
    this.optimizer.lr = value; // the optimizer refuses what is no learning rate
  }

  /** Whether `fit` is going on. */
  get isRunning(): boolean {
    return this.running;
  }

  private get progress(): Progress {
    return { step: this.step, batches: this.step + this.skipped.length };
  }

  /**
   * Trains until `maxSteps` or `epochs` are done in all, or until stopped: by the notebook's Stop or by `signal`. Since the
   * step that was going on is finished first, all is whole then, and the history is given as at the end, with `stopped`.
   *
   * With `cluster` all workers stop after the same step, if one is asked to.
   *
   * @throws TypeError or RangeError naming a bad option; NonFiniteLossError or OutOfMemoryError with the weights as before that step; Error if it
   * runs already, something of it was disposed, or workers do not train the same; WorkerLostError if another worker is gone; Interrupted at once if the cell that calls was stopped before
   */
  async fit(options: FitOptions): Promise<TrainHistory> {
    refuseDisposed('Trainer.fit', {
      ...this.objective.parts,
      objective: this.objective,
      'the trainer': this,
    });
    checkFitOptions(options);
    const done = isDone(options, this.sampler.length);
    if (this.running) throw new Error('Trainer: fit is running already. Stop it first.');
    this.running = true;
    if (done(this.progress)) notice(alreadyDone(options), 'TrainingWarning');
    const bar = this.barOf(options);
    try {
      this.together?.check(this.state(), this.objective.parameters);
      return await stoppable(options.signal, async (asked) => {
        const stopped = this.together?.stopped(asked) ?? asked;
        const ended = () => done(this.progress) || stopped();
        while (!ended()) {
          await this.fitEpoch(options, ended, bar).catch((error: unknown) => {
            // Samples that a callback was drawing: the step before them is done.
            if (!(isInterrupted(error) && stopped())) throw error;
          });
        }
        this.together?.farewell();
        const history: TrainHistory = { ...this.history, stopped: !done(this.progress) };
        await options.onEnd?.(history);
        return history;
      });
    } finally {
      bar.close();
      this.folders.freeAll();
      this.running = false;
    }
  }

  /** Steps of `maxSteps`, or batches of `epochs`. */
  private barOf({ maxSteps, epochs = 0, progressBar }: FitOptions): LoopBar {
    const { step, batches } = this.progress;
    const [total, initial] =
      maxSteps === undefined ? [epochs * this.sampler.length, batches] : [maxSteps, step];
    const about = { description: 'train', unit: 'step', whenStopped: GOES_ON, onlyAlone: true };
    return loopBar(total, { ...about, initial: Math.min(initial, total) }, progressBar);
  }

  /** The rest of the present epoch, or less if it ends before. */
  private async fitEpoch(options: FitOptions, ended: () => boolean, bar: LoopBar) {
    const { epoch } = this.sampler.state();
    for (const indices of this.sampler) {
      const log = await this.runStepOrRewind(indices, epoch);
      if ('seconds' in log) {
        this.logs.push(log);
        bar.update(1, { loss: log.loss });
        await options.onStep?.(log);
      } else {
        this.skipped.push(log);
        if (options.maxSteps === undefined) bar.update();
        await options.onSkip?.(log);
      }
      await nextMacrotask();
      if (ended()) break;
    }
    if (this.sampler.state().epoch === epoch) return;
    await options.onEpoch?.(
      epoch,
      this.logs.filter((log) => log.epoch === epoch),
    );
  }

  /** Runs a step. If it fails, its batch stays the next one. */
  private async runStepOrRewind(
    indices: Int32Array,
    epoch: number,
  ): Promise<StepLog | SkippedStep> {
    const { length, batchSize } = this.sampler;
    const position = (this.progress.batches - epoch * length) * batchSize;
    try {
      await this.objective.prepare?.(indices, this.sampler.peek());
      return await this.runStep(indices, epoch);
    } catch (error) {
      this.sampler.loadState({ epoch, position });
      throw error;
    }
  }

  /** One optimizer step, or none if the gradient is not finite and may be left out. */
  private async runStep(indices: Int32Array, epoch: number): Promise<StepLog | SkippedStep> {
    const start = performance.now();
    const step = this.step + 1;
    const { maxGradNorm, lrSchedule, exchangeGradients } = this.own;
    const learningRate = this.learningRate * lrSchedule(this.step);
    const part = this.gather(indices, step);
    const loss = this.together?.exchange(part, (own) => this.trainStep.exchange(own)) ?? part;
    if (exchangeGradients) await exchangeGradients(this.trainStep.gradients);
    const gradNorm = this.trainStep.gradNorm();
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      return this.leaveOut({ step, epoch, loss, gradNorm });
    }
    this.trainStep.apply(learningRate, clipFactor(gradNorm, maxGradNorm ?? Infinity));
    const seconds = (performance.now() - start) / 1000;
    return { step, epoch, loss, learningRate, gradNorm, seconds };
  }

  private gather(indices: Int32Array, step: number): number {
    const keys = this.randomKeys(this.progress.batches + 1);
    try {
      return this.microBatches.gather(indices, keys, step);
    } finally {
      tf.dispose({ ...keys });
    }
  }

  /** @throws NonFiniteLossError if the options do not let the batch be left out */
  private leaveOut(log: { step: number; epoch: number; loss: number; gradNorm: number }) {
    const { nonFinite, maxSkippedSteps } = this.own;
    const where = this.trainStep.nonFinite();
    const inARow = this.skipped.filter(({ step }) => step === log.step).length;
    if (nonFinite === 'throw' || inARow >= maxSkippedSteps) {
      this.together?.farewell(); // all throw, since loss and norm are those of all
      throw new NonFiniteLossError(log.step, log.loss, log.gradNorm, where, inARow);
    }
    const finite = (value: number) => (Number.isFinite(value) ? value : null);
    return { ...log, loss: finite(log.loss), gradNorm: finite(log.gradNorm), where };
  }

  /** What everything random of a step is drawn by; the caller disposes them. */
  private randomKeys(position: number): RandomKeys {
    const keys = this.objective.streams.map((name) => {
      const key = this.generator.stream(name).at(position);
      return [name, tf.tensor1d([...key], 'int32')] as const;
    });
    return Object.fromEntries(keys);
  }

  /** Where the training stands; with weights, `optimizer.stateDict()` and `ema.stateDict()`, all of it. */
  state(): TrainerState {
    const { step, batches } = this.progress;
    const { steps, skipped } = this.history;
    const place = { step, ...this.sampler.state(), randomPosition: batches };
    const options = freeOptions(this.options);
    return { config: runConfig(this.objective, this.options), options, ...place, steps, skipped };
  }

  /** Goes on from there. Weights, optimizer and moving average are loaded by the caller. */
  loadState({ epoch, position, steps, skipped }: TrainerState): void {
    this.sampler.loadState({ epoch, position });
    this.logs = [...steps];
    this.skipped = [...skipped];
    this.objective.refresh?.();
  }

  /** Frees the optimizer's, the average's and the trainer's tensors; the objective and its models stay. */
  dispose(): void {
    this.folders.freeAll();
    this.trainStep.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
    markDisposed(this);
  }
}
