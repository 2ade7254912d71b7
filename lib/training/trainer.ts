import { BatchSampler } from '../datasets/batch-sampler';
import { HeldFolders } from '../io/runs/held-folders';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { EMAModel } from '../optim/ema';
import { makeOptimizer } from '../optim/make-optimizer';
import type { Optimizer } from '../optim/optimizer';
import { definedKeys, requireRecord } from '../options';
import { notice } from '../notices';
import { loopBar, type LoopBar } from '../progress';
import { isInterrupted, stoppable } from '../stop';
import {
  alreadyDone,
  checkFitOptions,
  GOES_ON,
  isDone,
  type FitOptions,
  type Progress,
} from './fit-options';
import type { TrainHistory } from './history';
import type { Objective } from './objective';
import { OptimizerStep } from './optimizer-step';
import { changesInPlace, freeOptions, runConfig, sayChanges } from './run-config';
import { Together } from './together';
import {
  resolveTrainerOptions,
  type ResolvedTrainerOptions,
  type TrainerOptions,
} from './trainer-options';
import type { TrainerState } from './trainer-state';
import { TrainingLoop } from './training-loop';

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
  private readonly optimizerStep: OptimizerStep;
  private readonly loop: TrainingLoop;
  /** The other workers, if this is one of several. */
  private readonly together: Together | null;
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
    const { batchSize, seed } = o;
    if (objective.length === 0) {
      throw new RangeError('Trainer: expected at least one sample to train on, got none.');
    }
    if (batchSize > objective.length) {
      throw new RangeError(
        `Trainer: expected batchSize of at most ${objective.length}, the samples there are, got ${batchSize}: no batch would ` +
          'be full. Make it smaller.',
      );
    }
    this.sampler = new BatchSampler(objective.length, { batchSize, seed }, 'Trainer');
    const optimizer = (this.optimizer = makeOptimizer(parameters, o));
    const ema = (this.ema = o.ema && new EMAModel(parameters, o.ema));
    const together = (this.together = o.cluster && new Together(o.cluster));
    const optimizerStep = new OptimizerStep({ objective, optimizer, ema, together }, o);
    this.optimizerStep = optimizerStep;
    this.loop = new TrainingLoop({ objective, sampler: this.sampler, optimizerStep });
  }

  get options(): ResolvedTrainerOptions {
    return { ...this.own, learningRate: this.learningRate };
  }

  /**
   * Takes other options for the steps to come: `learningRate`, `lrSchedule`, `maxGradNorm`, `microBatchSize`, `nonFinite`,
   * `maxSkippedSteps`, `exchangeGradients`, `loggingSteps`. A notebook says which have changed.
   *
   * @returns the names of those that have changed
   * @throws RangeError naming every option that is unknown, out of range, or may not change; nothing is then changed
   */
  setOptions(options: Partial<TrainerOptions>): string[] {
    const { step } = this.progress; // none is under way with the old ones
    const before = this.options;
    const next = resolveTrainerOptions({ ...before, ...definedKeys(options) });
    const changed = changesInPlace(before, next);
    this.own = next;
    this.learningRate = next.learningRate;
    this.optimizerStep.setOptions(next);
    sayChanges('Trainer', changed, step);
    return changed.map(({ name }) => name);
  }

  /** Steps done. */
  get step(): number {
    return this.progress.step;
  }

  /** The history so far. */
  get history(): TrainHistory {
    return { ...this.loop.done.history, stopped: false };
  }

  /** Samples at once in memory; undefined until `microBatchSize: 'auto'` has found it, at the first step. */
  get microBatchSize(): number | undefined {
    return this.optimizerStep.microBatchSize;
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
    return this.loop.done.progress;
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
    this.loop.done.forgetUntold();
    if (done(this.progress)) notice(alreadyDone(options), 'TrainingWarning');
    const bar = this.barOf(options);
    let whenStopped: string | undefined; // what failed may fail again
    try {
      this.together?.check(this.state(), this.objective.parameters);
      return await stoppable(options.signal, async (asked) => {
        const stopped = this.together?.stopped(asked) ?? asked;
        const ended = () => done(this.loop.expected) || stopped();
        const whole = (run: Promise<void>) =>
          run.catch((error: unknown) => {
            // Samples that a callback was drawing: the step before them is done.
            if (!(isInterrupted(error) && stopped())) throw error;
          });
        while (!ended()) await whole(this.loop.runEpoch(options, ended, bar));
        while (this.loop.done.hasUntold) await whole(this.loop.tell(options, bar));
        this.together?.farewell();
        const history: TrainHistory = { ...this.history, stopped: !done(this.progress) };
        await options.onEnd?.(history);
        whenStopped = GOES_ON;
        return history;
      });
    } finally {
      bar.close(whenStopped);
      this.folders.freeAll();
      this.running = false;
    }
  }

  /** Steps of `maxSteps`, or batches of `epochs`. */
  private barOf({ maxSteps, epochs = 0, progressBar }: FitOptions): LoopBar {
    const { step, batches } = this.progress;
    const [total, initial] =
      maxSteps === undefined ? [epochs * this.sampler.length, batches] : [maxSteps, step];
    const about = { description: 'train', unit: 'step', onlyAlone: true };
    return loopBar(total, { ...about, initial: Math.min(initial, total) }, progressBar);
  }

  /** Where the training stands; with weights, `optimizer.stateDict()` and `ema.stateDict()`, all of it. */
  state(): TrainerState {
    const { step, batches } = this.progress;
    const { steps, skipped } = this.loop.done.history;
    const place = { step, ...this.sampler.state(), randomPosition: batches };
    const options = freeOptions(this.options);
    return { config: runConfig(this.objective, this.options), options, ...place, steps, skipped };
  }

  /** Goes on from there. Weights, optimizer and moving average are loaded by the caller. */
  loadState({ epoch, position, steps, skipped }: TrainerState): void {
    const { done } = this.loop; // before the place: what is under way may set it back
    this.sampler.loadState({ epoch, position });
    done.load({ steps, skipped });
    this.objective.refresh?.();
  }

  /** Frees the optimizer's, the average's and the trainer's tensors; the objective and its models stay. */
  dispose(): void {
    this.folders.freeAll();
    this.optimizerStep.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
    markDisposed(this);
  }
}
