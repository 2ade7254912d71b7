/** The loop of a training: batches become steps, whose logs are told. */
import type { BatchSampler } from '../datasets/batch-sampler';
import type { LoopBar } from '../progress';
import { nextMacrotask } from '../stop';
import type { FitOptions, Progress } from './fit-options';
import type { Objective } from './objective';
import type { OptimizerStep } from './optimizer-step';
import { RunRecord } from './run-record';

export interface TrainingLoopParts {
  readonly objective: Objective;
  readonly sampler: BatchSampler;
  readonly optimizerStep: OptimizerStep;
}

export class TrainingLoop {
  private readonly record = new RunRecord();
  /** Whether batches that were given out are to be done anew. */
  private isRewound = false;

  constructor(private readonly parts: TrainingLoopParts) {}

  /** What was done, all steps under way included. */
  get done(): RunRecord {
    this.settle();
    return this.record;
  }

  /** How far it is if all steps under way are sound. */
  get expected(): Progress {
    const { step, batches } = this.record.progress;
    const { underWay } = this.parts.optimizerStep;
    return { step: step + underWay, batches: batches + underWay };
  }

  /**
   * The rest of the present epoch, or less if it ends before.
   *
   * @param ended whether it does, if all steps under way are sound
   */
  async runEpoch(options: FitOptions, ended: () => boolean, bar: LoopBar): Promise<void> {
    const { sampler, optimizerStep } = this.parts;
    const { epoch } = sampler.state();
    this.isRewound = false;
    for (const indices of sampler) {
      const { batches } = this.expected;
      try {
        await this.runStep(indices, epoch);
      } catch (error) {
        this.rewindTo(batches); // its batch stays the next one
        this.settle();
        await this.tell(options, bar);
        throw error;
      }
      if (optimizerStep.isDue || ended()) this.settle();
      await this.tell(options, bar);
      await nextMacrotask();
      if (this.isRewound || ended()) break;
    }
    this.settle();
    await this.tell(options, bar);
    if (sampler.state().epoch === epoch) return;
    await options.onEpoch?.(epoch, this.record.stepsOf(epoch));
  }

  /** Calls back for each step and each batch left out that was not told yet. */
  async tell({ maxSteps, onStep, onSkip }: FitOptions, bar: LoopBar): Promise<void> {
    for (let log = this.record.takeUntold(); log; log = this.record.takeUntold()) {
      if ('seconds' in log) {
        bar.update(1, { loss: log.loss });
        await onStep?.(log);
      } else {
        if (maxSteps === undefined) bar.update();
        await onSkip?.(log);
      }
    }
  }

  private async runStep(indices: Int32Array, epoch: number): Promise<void> {
    const { objective, sampler, optimizerStep } = this.parts;
    await objective.prepare?.(indices, sampler.peek());
    if (this.isRewound) return; // somebody has looked meanwhile, and a batch before this one comes anew
    const { batches } = this.expected;
    const step = this.expected.step + 1;
    const skippedBefore = this.record.skippedBefore(step);
    const log = await optimizerStep.run(indices, { step, epoch, batches, skippedBefore });
    if (log) this.record.add(log);
  }

  /** Takes in what has become of the steps under way. The batches of those that were not applied come anew. */
  private settle(): void {
    const { optimizerStep } = this.parts;
    if (optimizerStep.underWay === 0) return;
    const { logs, left } = optimizerStep.collect();
    for (const log of logs) this.record.add(log);
    if (left > 0) this.rewindTo(this.record.progress.batches);
  }

  /** Makes the batch that comes after so many the next one. */
  private rewindTo(batches: number): void {
    const { sampler } = this.parts;
    const epoch = Math.floor(batches / sampler.length);
    const position = (batches % sampler.length) * sampler.batchSize;
    sampler.loadState({ epoch, position });
    this.isRewound = true;
  }
}
