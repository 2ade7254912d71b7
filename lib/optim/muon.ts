/**
 * Muon: the momentum of a matrix is made orthogonal before it is taken off, so that directions of small gradients are learnt
 * as fast as those of large ones.
 *
 * Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the update, the defaults and the names are
 * those of torch.optim.Muon, which makes the iteration in bfloat16 where this one stays in float32. A convolution counts as the
 * matrix of its outputs by everything else, as in Jordan's code. A step reads nothing on the host.
 */
import { tf } from '../backend';
import { unlessFound } from '../nn/kernels/found-inf';
import { refuseDisposed } from '../nn/disposed';
import { torchShape } from '../nn/state-dict';
import {
  checkOptions,
  isPositive,
  isWholeNumber,
  NOT_NEGATIVE_RULE,
  type OptionRules,
} from '../options';
import { LR_SCALES_RULE, scaledRates, type LRScales } from './lr-scales';
import { matchGradients, type NamedTensors } from './named-tensors';
import { requireTracedRate, type OptimizerStepOptions } from './optimizer';
import { StatefulOptimizer } from './stateful-optimizer';
import { zeroPowers, type NewtonSchulz } from './zero-power';

/** How the rate follows a matrix's shape: by √max(1, rows / columns), or so that AdamW's rates and decays fit. */
export type AdjustLrFn = 'original' | 'match_rms_adamw';

export interface MuonOptions extends Partial<NewtonSchulz> {
  /** Learning rate, ≥ 0. Default 1e-3. */
  readonly lr?: number | undefined;
  /** Share of a weight that is taken off per step, times lr; ≥ 0. Default 0.1. */
  readonly weightDecay?: number | undefined;
  /** Decay of the running mean of the gradient, in [0, 1). Default 0.95. */
  readonly momentum?: number | undefined;
  /** Look ahead by one step of the momentum. Default true. */
  readonly nesterov?: boolean | undefined;
  /** Default `original`, as torch's. */
  readonly adjustLrFn?: AdjustLrFn | undefined;
  /** Other rates of some parameters. Default {}: none. */
  readonly lrScales?: LRScales | undefined;
}

type Resolved = { readonly [K in keyof MuonOptions]-?: Exclude<MuonOptions[K], undefined> };

const isCoefficients = (value: unknown) =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

const DEFAULTS: Resolved = {
  lr: 1e-3,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315],
  eps: 1e-7,
  nsSteps: 5,
  adjustLrFn: 'original',
  lrScales: {},
};

const RULES: OptionRules<Resolved> = {
  lr: NOT_NEGATIVE_RULE,
  weightDecay: NOT_NEGATIVE_RULE,
  momentum: ['a number in [0, 1)', (v) => typeof v === 'number' && v >= 0 && v < 1],
  nesterov: ['true or false', (v) => typeof v === 'boolean'],
  nsCoefficients: ['three finite numbers', isCoefficients],
  eps: ['a number > 0', isPositive],
  nsSteps: ['an integer from 1 to 99', (v) => isWholeNumber(v) && v >= 1 && v < 100],
  adjustLrFn: [
    "'original' or 'match_rms_adamw'",
    (v) => v === 'original' || v === 'match_rms_adamw',
  ],
  lrScales: LR_SCALES_RULE,
};

interface MuonState extends Record<string, Readonly<Record<string, tf.Variable>>> {
  readonly momentum_buffer: Readonly<Record<string, tf.Variable>>;
}

interface Entry {
  readonly name: string;
  readonly parameter: tf.Variable;
  readonly buffer: tf.Variable;
}

export class Muon extends StatefulOptimizer<MuonState, Omit<Resolved, 'lr'>> {
  /** Its fields are the state dict: `momentum_buffer.<name>`. */
  readonly state: MuonState;
  /** The parameters that are matrices of one shape. */
  private readonly groups: readonly (readonly Entry[])[];

  /**
   * @param parameters the variables to train, by name, matrices and convolutions; the optimizer changes but never disposes them
   * @throws RangeError naming all options out of range; Error naming the parameters that are no matrices
   */
  constructor(parameters: ReadonlyMap<string, tf.Variable>, options: MuonOptions = {}) {
    const { lr, ...others } = checkOptions('Muon', options, DEFAULTS, RULES);
    super('Muon', parameters, lr, others);
    refuseVectors(parameters);
    const momentum_buffer = this.zeros();
    this.state = { momentum_buffer };
    const groups = new Map<string, Entry[]>();
    for (const [name, parameter] of parameters) {
      const shape = matrixShape(parameter).join();
      const entry = { name, parameter, buffer: momentum_buffer[name]! };
      groups.set(shape, [...(groups.get(shape) ?? []), entry]);
    }
    this.groups = [...groups.values()];
  }

  /**
   * Moves every parameter by one step.
   *
   * @param grads one gradient per parameter, by name and in its shape; the caller disposes them
   * @throws Error that names all missing, unknown and misshaped gradients, or inside of a traced function without lr;
   *   nothing is then changed
   */
  step(grads: NamedTensors, options: OptimizerStepOptions = {}): void {
    refuseDisposed('Muon.step', { 'the optimizer': this });
    const gradients = matchGradients('Muon.step', grads, this.parameters);
    requireTracedRate('Muon.step', options);
    tf.tidy(() => {
      const { weightDecay, lrScales } = this.options;
      const { foundInf } = options;
      const rateOf = scaledRates(options.lr ?? tf.scalar(this.lr), lrScales);
      for (const group of this.groups) {
        const momenta = group.map(({ name, parameter, buffer }) => {
          const gradient = gradients.get(name)!;
          const scaled = options.gradScale ? tf.mul(gradient, options.gradScale) : gradient;
          return tf.reshape<tf.Rank.R2>(
            this.momentum(scaled, buffer, foundInf),
            matrixShape(parameter),
          );
        });
        const directions = tf.unstack(zeroPowers(tf.stack(momenta) as tf.Tensor3D, this.options));
        group.forEach(({ name, parameter }, i) => {
          const lr = rateOf(name);
          const keep = tf.sub<tf.Scalar>(1, tf.mul(lr, weightDecay));
          const rate = tf.mul(lr, this.adjustment(parameter));
          const move = tf.mul(tf.reshape(directions[i]!, parameter.shape), rate);
          const next = tf.sub(tf.mul(parameter, keep), move);
          parameter.assign(unlessFound(foundInf, next, parameter));
        });
      }
    });
  }

  /** Takes the gradient into the running mean. */
  private momentum(gradient: tf.Tensor, buffer: tf.Variable, foundInf?: tf.Scalar): tf.Tensor {
    const { momentum, nesterov } = this.options;
    const next = tf.add(buffer, tf.mul(tf.sub(gradient, buffer), 1 - momentum));
    buffer.assign(unlessFound(foundInf, next, buffer));
    return nesterov ? tf.add(gradient, tf.mul(tf.sub(next, gradient), momentum)) : next;
  }

  private adjustment(parameter: tf.Variable): number {
    const [outputs] = torchShape(parameter) as [number];
    const inputs = parameter.size / outputs;
    return this.options.adjustLrFn === 'original'
      ? Math.sqrt(Math.max(1, outputs / inputs))
      : 0.2 * Math.sqrt(Math.max(outputs, inputs));
  }
}

/** @throws Error naming the parameters that are no matrices */
function refuseVectors(parameters: ReadonlyMap<string, tf.Variable>): void {
  const vectors = [...parameters].filter(([, { rank }]) => rank !== 2 && rank !== 4);
  if (vectors.length === 0) return;
  const names = vectors.map(([name, { shape }]) => `${name} [${shape.join(', ')}]`).join(', ');
  throw new Error(
    `Muon: expected matrices and convolutions, got ${names}. Train those by AdamW, as MuonWithAuxAdam does.`,
  );
}

/** A convolution [h, w, in, out] as the transpose of torch's matrix of outputs by all else, which is as good. */
function matrixShape({ shape, rank, size }: tf.Variable): [number, number] {
  const columns = shape.at(-1)!;
  return rank === 2 ? [shape[0]!, columns] : [size / columns, columns];
}
