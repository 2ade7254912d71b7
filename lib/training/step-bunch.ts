/** Steps that are under way: launched one after another, looked at together. */
import type { StepLog } from './history';
import type { StepInput } from './train-step';
import type { WholeStep } from './whole-step';

/** What is known of a step before its loss is. */
export type LaunchedStep = Omit<StepLog, 'loss' | 'gradNorm' | 'seconds'>;

/** What has become of steps. */
export interface Collected {
  /** Of those that were applied. */
  readonly logs: readonly StepLog[];
  /** How many after them were not. */
  readonly left: number;
}

const NOTHING: Collected = { logs: [], left: 0 };

export class StepBunch {
  private launched: LaunchedStep[] = [];
  private hasFailed = false;
  private milliseconds = 0;

  /** @param count steps that are looked at together: up to each that is a multiple of it */
  constructor(
    private readonly wholeStep: WholeStep,
    readonly count: number,
  ) {}

  /** Steps under way, one that could not be launched included. */
  get length(): number {
    return this.launched.length + Number(this.hasFailed);
  }

  /** Whether it is time to look at them. */
  get isFull(): boolean {
    const last = this.launched.at(-1);
    return this.hasFailed || (last !== undefined && last.step % this.count === 0);
  }

  /** @throws Error of TensorFlow; `fail` then keeps its place, until those before it were collected */
  launch(input: StepInput, step: LaunchedStep, maxGradNorm: number): void {
    const { learningRate } = step;
    const start = performance.now();
    const position = this.launched.length;
    this.wholeStep.run(input, { position, learningRate, maxGradNorm });
    this.milliseconds += performance.now() - start;
    this.launched.push(step);
  }

  fail(): void {
    this.hasFailed = true;
  }

  /** Looks at the steps that are under way; there are none then. */
  collect(): Collected {
    const { launched, hasFailed } = this;
    if (this.length === 0) return NOTHING;
    const start = performance.now();
    const found = launched.length > 0 ? this.wholeStep.losses(launched.length) : [];
    const seconds = (this.milliseconds + performance.now() - start) / 1000 / launched.length;
    this.forget();
    const first = found.findIndex(
      ({ loss, gradNorm }) => !Number.isFinite(loss) || !Number.isFinite(gradNorm),
    );
    const applied = first < 0 ? launched.length : first;
    const logs = launched.slice(0, applied).map((step, i) => ({ ...step, ...found[i]!, seconds }));
    return { logs, left: launched.length - applied + Number(hasFailed) };
  }

  private forget(): void {
    this.launched = [];
    this.hasFailed = false;
    this.milliseconds = 0;
  }

  dispose(): void {
    this.forget();
    this.wholeStep.dispose();
  }
}
