/** What a training has done: its steps and the batches that were left out, and which of them nobody was told yet. */
import type { Progress } from './fit-options';
import type { SkippedStep, StepLog, TrainHistory } from './history';

export class RunRecord {
  private steps: StepLog[] = [];
  private skipped: SkippedStep[] = [];
  private untold: (StepLog | SkippedStep)[] = [];

  add(log: StepLog | SkippedStep): void {
    if ('seconds' in log) this.steps.push(log);
    else this.skipped.push(log);
    this.untold.push(log);
  }

  /** The next log to be told; undefined if all were. */
  takeUntold(): StepLog | SkippedStep | undefined {
    return this.untold.shift();
  }

  get hasUntold(): boolean {
    return this.untold.length > 0;
  }

  forgetUntold(): void {
    this.untold = [];
  }

  get progress(): Progress {
    const step = this.steps.at(-1)?.step ?? 0;
    return { step, batches: step + this.skipped.length };
  }

  get history(): Omit<TrainHistory, 'stopped'> {
    return { steps: [...this.steps], skipped: [...this.skipped] };
  }

  /** Those of an epoch, from 0. */
  stepsOf(epoch: number): StepLog[] {
    return this.steps.filter((log) => log.epoch === epoch);
  }

  /** Batches that were left out in place of a step. */
  skippedBefore(step: number): number {
    return this.skipped.filter((left) => left.step === step).length;
  }

  load({ steps, skipped }: Omit<TrainHistory, 'stopped'>): void {
    this.steps = [...steps];
    this.skipped = [...skipped];
    this.untold = [];
  }
}
