import { tf } from '../backend';
import { jit, JitSession, type JitControl, type Precision } from '../jit';
import { l2Loss } from '../nn/kernels/l2-loss';
import type { EMAModel } from '../optim/ema';
import { zeroVariable } from '../optim/named-tensors';
import type { Optimizer } from '../optim/optimizer';
import type { GradientExchange } from './gradient-exchange';
import type { BatchIndices, Objective, RandomKeys } from './objective';
import type { OwnPart } from './together';

export interface TrainStepParts {
  readonly objective: Pick<Objective, 'parameters' | 'draw' | 'loss'>;
  readonly optimizer: Optimizer;
  /** Takes the weights into its average after each step; null (default) for none. */
  readonly ema?: EMAModel | null;
  /** Sums gradients over several workers; null (default) if there is one. */
  readonly exchange?: GradientExchange | null;
  /** Of the losses and their gradients; these are gathered, measured and applied in float32. Default `float32`. */
  readonly precision?: Precision;
  /** Whether XLA compiles the graphs of losses and gradients, which are nearly all that is computed. Default false. */
  readonly xla?: boolean;
  /** Holds weights, gradients and moments; the step's own if not given. */
  readonly session?: JitSession;
}

/** What a micro-batch is drawn by, inside of the graph. All tensors belong to the caller. */
export type StepInput = BatchIndices & { readonly keys: RandomKeys };

type Accumulate = (input: StepInput, weight: tf.Scalar) => tf.Scalar;
type Exchange = (own: tf.Tensor1D) => tf.Tensor1D;
type Apply = (learningRate: tf.Scalar, gradScale: tf.Scalar) => void;
type Jitted<F extends (...args: never[]) => unknown> = F & JitControl<F>;

/**
 * A training step in parts: gradients are gathered over micro-batches, measured, then applied. Between them, the caller
 * can exchange gradients with others, look at loss and norm, and leave the weights as they are. Each part is one
 * TensorFlow graph, traced at its first call for a shape; weights, gradients and moments stay in the session.
 */
export class TrainStep {
  /** The gathered gradients, by parameter name. */
  readonly gradients: ReadonlyMap<string, tf.Variable>;
  private isCompiled = false;
  private readonly replace: Jitted<Accumulate>;
  private readonly add: Jitted<Accumulate>;
  private readonly sum: Jitted<Exchange> | null;
  private readonly norm: Jitted<() => tf.Scalar>;
  private readonly update: Jitted<Apply>;

  constructor(private readonly parts: TrainStepParts) {
    const zeros = [...parts.objective.parameters].map(
      ([name, p]) => [name, zeroVariable(p.shape)] as const,
    );
    this.gradients = new Map(zeros);
    const session = parts.session ?? new JitSession();
    const accumulate = (isFirst: boolean) => (input: StepInput, weight: tf.Scalar) =>
      this.gather(input, weight, isFirst);
    const { precision = 'float32', xla = false } = parts;
    const options = { name: 'accumulate', session, precision, xla };
    this.replace = jit(accumulate(true), options);
    this.add = jit(accumulate(false), options);
    const exchange = parts.exchange ?? null;
    const sum = (own: tf.Tensor1D) => exchange!.sum([...this.gradients.values()], own);
    this.sum = exchange && jit(sum, { name: 'exchange', session });
    const norm = () => exchange?.agreed(this.measure()) ?? this.measure();
    this.norm = jit(norm, { name: 'gradNorm', session });
    this.update = jit<Apply>(
      (lr, gradScale) => {
        this.parts.optimizer.step(this.gradients, { lr, gradScale });
        this.parts.ema?.step();
      },
      { name: 'apply', session },
    );
  }

  /** How often the graphs were compiled. */
  get compilations(): number {
    return this.graphs.reduce((sum, { compilations }) => sum + compilations, 0);
  }

  private get graphs(): readonly JitControl[] {
    const { replace, add, sum, norm, update } = this;
    return [replace, add, ...(sum ? [sum] : []), norm, update] as unknown as JitControl[];
  }

  /**
   * Traces and loads all parts for micro-batches of these shapes; the first `accumulate` does so by
   * itself. Were each part traced when it first runs, the session would be loaded anew for each.
   *
   * @param share the micro-batch's share of the whole batch
   * @param several whether there are others, to whose gradients those of this shape are added
   */
  compile(input: StepInput, share: number, several = share < 1): void {
    this.isCompiled = true;
    tf.tidy(() => {
      const scalar = tf.scalar(share);
      this.replace.compile(input, scalar);
      if (several) this.add.compile(input, scalar);
      this.sum?.compile(tf.tensor1d([0, 0]));
      this.norm.compile();
      this.update.compile(scalar, scalar);
    });
    this.update.push();
  }

  /** Bytes that a micro-batch takes beside weights and gradients, found without running it. */
  peakBytes(input: StepInput, share: number): number {
    return tf.tidy(() => this.replace.peakBytes(input, tf.scalar(share)));
  }

  /** Forgets the graphs of sizes that are not to be run. */
  forgetGraphs(): void {
    this.replace.dispose();
  }

  /**
   * Adds a micro-batch's gradients to those gathered; the first one of a step replaces them.
   *
   * @param share the micro-batch's share of the whole batch, so that the sum is the mean's gradient
   * @param several whether this worker has further micro-batches of the batch
   * @returns its loss times its share
   */
  accumulate(input: StepInput, share: number, isFirst: boolean, several?: boolean): number {
    if (!this.isCompiled) this.compile(input, share, several);
    return read(() => (isFirst ? this.replace : this.add)(input, tf.scalar(share)));
  }

  /**
   * Sums the gathered gradients over all workers, and what each has.
   *
   * @returns the sum of the losses, and how many were asked to stop
   */
  exchange({ loss, stop }: OwnPart): [loss: number, stops: number] {
    return tf.tidy(() => {
      const [sum, stops] = this.sum!(tf.tensor1d([loss, Number(stop)])).dataSync();
      return [sum!, stops!];
    });
  }

  /** Norm of all gathered gradients together. */
  gradNorm(): number {
    return read(() => this.norm());
  }

  /**
   * One optimizer step with the gathered gradients.
   *
   * @param gradScale they are multiplied by it: 1, or less to clip their norm
   */
  apply(learningRate: number, gradScale: number): void {
    tf.tidy(() => this.update(tf.scalar(learningRate), tf.scalar(gradScale)));
  }

  private gather(input: StepInput, weight: tf.Scalar, isFirst: boolean): tf.Scalar {
    return tf.tidy(() => {
      const { loss, gradients } = lossAndGradients(this.parts.objective, input, weight);
      for (const [name, gradient] of gradients) {
        const gathered = this.gradients.get(name)!;
        gathered.assign(isFirst ? gradient : tf.add(gathered, gradient));
      }
      return loss;
    });
  }

  private measure(): tf.Scalar {
    return normOf([...this.gradients.values()]);
  }

  /** Names up to `count` weights that are not finite, and if there is none, gathered gradients. */
  nonFinite(count = 3): string[] {
    const isFinite = (x: tf.Tensor) => tf.tidy(() => tf.all(tf.isFinite(x)).dataSync()[0] === 1);
    const find = (kind: string, tensors: ReadonlyMap<string, tf.Variable>) =>
      [...tensors].flatMap(([name, x]) => (isFinite(x) ? [] : [`${kind} ${name}`]));
    const weights = find('weight', this.parts.objective.parameters);
    return (weights.length > 0 ? weights : find('gradient', this.gradients)).slice(0, count);
  }

  dispose(): void {
    for (const graph of this.graphs) graph.dispose();
    tf.dispose([...this.gradients.values()]);
  }
}

/** The loss of what is drawn, times the weight if one is given, and its gradients by parameter name; the caller disposes all. */
export function lossAndGradients(
  objective: TrainStepParts['objective'],
  { keys, ...batch }: StepInput,
  weight?: tf.Scalar,
): { readonly loss: tf.Scalar; readonly gradients: ReadonlyMap<string, tf.Tensor> } {
  const { parameters } = objective;
  const drawn = objective.draw(batch, keys);
  const weighted = () => {
    const loss = objective.loss(drawn);
    return weight ? tf.mul<tf.Scalar>(loss, weight) : loss;
  };
  const { value, grads } = tf.variableGrads(weighted, [...parameters.values()]);
  const named = Array.from(parameters, ([name, { name: own }]) => [name, grads[own]!] as const);
  return { loss: value, gradients: new Map(named) };
}

/** Norm of all gradients together, a scalar that the caller disposes. */
export function normOf(gradients: readonly tf.Tensor[]): tf.Scalar {
  return tf.tidy(() => {
    const half = l2Loss(gradients); // Σ g² / 2
    return tf.sqrt(tf.mul<tf.Scalar>(2, half));
  });
}

const read = (run: () => tf.Scalar): number => tf.tidy(() => run().dataSync()[0]!);
