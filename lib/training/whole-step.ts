/**
 * A training step as one graph: losses, gradients, their norm, whether they are finite, and the update. Nothing of it is brought to the
 * host, which on a GPU would wait for the device; losses and norms are kept beside each other until they are asked for.
 *
 * The graph cannot ask the host what to do with a batch that is not finite. So from the first such batch on it leaves everything as it
 * is, and the host, when it looks, has the weights from before that batch, and does it anew in parts (train-step.ts).
 */
import { tf } from '../backend';
import { inPrecision, jit, type JitControl } from '../jit';
import { clipFactorOf } from '../optim/grad-clip';
import { lossAndGradients, normOf, type StepInput, type TrainStepParts } from './train-step';

type Jitted<F extends (...args: never[]) => unknown> = F & JitControl<F>;

/** What a step is applied with. */
export interface StepSettings {
  /** Its place among the steps that are looked at together, from 0: the first one does not depend on those before. */
  readonly position: number;
  readonly learningRate: number;
  /** > 0; Infinity leaves gradients as they are. */
  readonly maxGradNorm: number;
}

export interface LossAndNorm {
  readonly loss: number;
  readonly gradNorm: number;
}

export class WholeStep {
  /** Losses and norms by position, [count, 2]. */
  private readonly kept: tf.Variable<tf.Rank.R2>;
  /** 1 if the last step was applied, else 0. */
  private readonly applied: tf.Variable;
  private readonly step: Jitted<(input: StepInput, settings: tf.Tensor1D) => void>;
  private readonly look: Jitted<() => tf.Tensor>;

  /** @param count the most steps that are looked at together */
  constructor(
    private readonly parts: Omit<TrainStepParts, 'exchange'>,
    private readonly count: number,
  ) {
    this.kept = tf.tidy(() => tf.variable(tf.zeros<tf.Rank.R2>([count, 2]), false));
    this.applied = tf.tidy(() => tf.variable(tf.scalar(0), false));
    const { session, precision = 'float32', xla = false } = parts;
    const shared = session && { session };
    const run = (input: StepInput, settings: tf.Tensor1D) => this.trace(input, settings);
    this.step = jit(run, { name: 'step', ...shared, precision, xla });
    this.look = jit(() => this.kept.clone(), { name: 'losses', ...shared });
  }

  /** Launches a step. */
  run(input: StepInput, { learningRate, maxGradNorm, position }: StepSettings): void {
    tf.tidy(() => {
      const settings = tf.tensor1d([learningRate, maxGradNorm, position]);
      if (this.step.compilations === 0) {
        this.step.compile(input, settings);
        this.look.compile();
      }
      this.step(input, settings);
    });
  }

  /** Losses and norms of the first positions, also of steps that were not applied; waits for the device. */
  losses(count: number): LossAndNorm[] {
    return tf.tidy(() => {
      const numbers = this.look().dataSync();
      return Array.from({ length: count }, (_, i) => ({
        loss: numbers[2 * i]!,
        gradNorm: numbers[2 * i + 1]!,
      }));
    });
  }

  private trace(input: StepInput, settings: tf.Tensor1D): void {
    tf.tidy(() => {
      const { loss, gradients } = lossAndGradients(this.parts.objective, input);
      inPrecision('float32', () => this.apply(loss, gradients, settings));
    });
  }

  private apply(
    loss: tf.Scalar,
    gradients: ReadonlyMap<string, tf.Tensor>,
    settings: tf.Tensor1D,
  ): void {
    const { optimizer, ema } = this.parts;
    const [lr, maxNorm, position] = tf.unstack(settings) as [tf.Scalar, tf.Scalar, tf.Scalar];
    const norm = normOf([...gradients.values()]);
    const isFinite = tf.logicalAnd(tf.isFinite(loss), tf.isFinite(norm));
    const isNext = tf.logicalOr(tf.equal(position, 0), tf.equal(this.applied, 1));
    const isApplied = tf.cast(tf.logicalAnd(isFinite, isNext), 'float32');
    const foundInf = tf.sub<tf.Scalar>(1, isApplied);
    const isRow = tf.equal(tf.range(0, this.count).reshape([this.count, 1]), position);
    const row = tf.stack([loss, norm]).reshape<tf.Tensor2D>([1, 2]);
    this.kept.assign(tf.where<tf.Tensor2D>(isRow, row, this.kept));
    this.applied.assign(isApplied);
    optimizer.step(gradients, { lr, gradScale: clipFactorOf(norm, maxNorm), foundInf });
    ema?.step({ foundInf });
  }

  dispose(): void {
    this.step.dispose();
    this.look.dispose();
    tf.dispose([this.kept, this.applied]);
  }
}
