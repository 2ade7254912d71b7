/**
 * AdamW: Adam whose weight decay acts on the weights directly, not through the gradient.
 *
 * Loshchilov & Hutter 2019, "Decoupled weight decay regularization"; the update, the defaults and the
 * state's names are those of torch.optim.AdamW. A step reads nothing on the host, so that it can be traced
 * into a graph; the step count lives in a variable, the learning rate of a traced step is an argument.
 */
import { isTracing, tf, typeAttribute } from '../backend';
import { updateInPlace } from '../jit';
import { fusedUpdate } from '../nn/fused-ops';
import { loadStateDict, stateDict, type StateDict } from '../nn/state-dict';
import { matchGradients, type NamedTensors } from './named-tensors';

export interface AdamWOptions {
  /** Learning rate, ≥ 0. Default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of the gradient and of its square, each in [0, 1). */
  readonly betas?: readonly [number, number];
  /** Added to the denominator, ≥ 0. */
  readonly eps?: number;
  /** Share of a weight that is taken off per step, times lr; ≥ 0. */
  readonly weightDecay?: number;
}

function checkOptions({ lr, betas, eps, weightDecay }: Required<AdamWOptions>): void {
  const rules: [name: string, value: number, expected: string, fits: boolean][] = [
    ['lr', lr, 'a finite number ≥ 0', Number.isFinite(lr) && lr >= 0],
    ['betas[0]', betas[0], 'a number in [0, 1)', betas[0] >= 0 && betas[0] < 1],
    ['betas[1]', betas[1], 'a number in [0, 1)', betas[1] >= 0 && betas[1] < 1],
    ['eps', eps, 'a finite number ≥ 0', Number.isFinite(eps) && eps >= 0],
    [
      'weightDecay',
      weightDecay,
      'a finite number ≥ 0',
      Number.isFinite(weightDecay) && weightDecay >= 0,
    ],
  ];
  const problems = rules.filter(([, , , fits]) => !fits);
  if (problems.length === 0) return;
  const lines = problems.map(
    ([name, value, expected]) => `${name}: expected ${expected}, got ${value}`,
  );
  throw new Error(`AdamW: ${lines.join('; ')}`);
}

/** Variables without a name, so that a cell can be run again. */
function zeros(shape: number[]): tf.Variable {
  return tf.tidy(() => tf.variable(tf.zeros(shape), false));
}

/** 1 − beta^step. Through expm1: in float32, 1 − 0.999^1 itself would be wrong in the fifth digit. */
function biasCorrection(beta: number, step: tf.Tensor): tf.Tensor {
  return tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
}

export interface AdamWStepOptions {
  readonly lr?: tf.Scalar;
  readonly gradScale?: tf.Scalar;
}

type StepNumbers = Required<AdamWStepOptions> & { readonly step: tf.Scalar };

/** A parameter with the running means of its gradient and of the gradient's square. */
type ParameterState = readonly [parameter: tf.Variable, expAvg: tf.Variable, expAvgSq: tf.Variable];

export class AdamW {
  readonly options: Required<Omit<AdamWOptions, 'lr'>>;
  private readonly parameters: ReadonlyMap<string, tf.Variable>;
  /** Its fields are the state dict: `step`, `exp_avg.<name>`, `exp_avg_sq.<name>`. */
  private readonly state: {
    readonly step: tf.Variable;
    readonly exp_avg: Readonly<Record<string, tf.Variable>>;
    readonly exp_avg_sq: Readonly<Record<string, tf.Variable>>;
  };
  private learningRate: number;

  /**
   * @param parameters the variables to train, by name; the optimizer changes but never disposes them
   * @throws Error that names all options out of range
   */
  constructor(
    parameters: ReadonlyMap<string, tf.Variable>,
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01 }: AdamWOptions = {},
  ) {
    this.options = { betas, eps, weightDecay };
    checkOptions({ ...this.options, lr });
    const moments = () =>
      Object.fromEntries([...parameters].map(([name, { shape }]) => [name, zeros(shape)]));
    this.parameters = parameters;
    this.state = { step: zeros([]), exp_avg: moments(), exp_avg_sq: moments() };
    this.learningRate = lr;
  }

  /** The learning rate of steps that are not given another. */
  get lr(): number {
    return this.learningRate;
  }

  set lr(lr: number) {
    checkOptions({ ...this.options, lr });
    this.learningRate = lr;
  }

  /**
   * Moves every parameter by one step.
   *
   * @param grads one gradient per parameter, by name and in its shape; the caller disposes them
   * @param options.lr the learning rate of this step; default `lr`. A traced step needs it: a number would be fixed
   * @param options.gradScale what the gradients are multiplied by first, for example to clip their norm; default 1
   * @throws Error that names all missing, unknown and misshaped gradients, or inside of a traced function without lr;
   *   nothing is then changed
   */
  step(grads: NamedTensors, options: AdamWStepOptions = {}): void {
    const gradients = matchGradients('AdamW.step', grads, this.parameters);
    if (isTracing() && !options.lr) {
      throw new Error(
        'AdamW.step: expected lr as a scalar inside of a traced function, where the number would be ' +
          'the same at every call. Make it an argument of the function.',
      );
    }
    tf.tidy(() => {
      const lr = options.lr ?? tf.scalar(this.learningRate);
      const step = tf.add<tf.Scalar>(this.state.step, 1);
      this.state.step.assign(step);
      const gradScale = options.gradScale ?? tf.scalar(1);
      for (const [name, parameter] of this.parameters) {
        const { exp_avg, exp_avg_sq } = this.state;
        const variables = [parameter, exp_avg[name]!, exp_avg_sq[name]!] as const;
        tf.tidy(() => {
          this.update(variables, gradients.get(name)!, { lr, gradScale, step });
        });
      }
    });
  }

  /** One parameter, by the shortest way there is: our own op, TensorFlow's, or ops of tensors. */
  private update(
    variables: ParameterState,
    gradient: tf.Tensor,
    { lr, gradScale, step }: StepNumbers,
  ): void {
    const { betas, eps, weightDecay } = this.options;
    const fused = {
      decay1: 1 - betas[0],
      decay2: 1 - betas[1],
      epsilon: eps,
      weight_decay: weightDecay,
    };
    const inputs = [gradient, gradScale, lr, step];
    if (fusedUpdate('SdmAdamW', fused, variables, inputs)) return;
    const scaled = tf.mul(gradient, gradScale);
    if (!this.updateByAdam(variables, scaled, lr, step)) {
      this.updateByTensors(variables, scaled, lr, step);
    }
  }

  /** In a graph: `ResourceApplyAdam`, with both bias corrections put into its other numbers. */
  private updateByAdam(
    variables: ParameterState,
    gradient: tf.Tensor,
    lr: tf.Scalar,
    step: tf.Scalar,
  ): boolean {
    if (!isTracing()) return false;
    const [parameter] = variables;
    const { eps, weightDecay } = this.options;
    // It computes 1 − beta in float32, so that its beta is this one.
    const [beta1, beta2] = this.options.betas.map(Math.fround) as [number, number];
    const root = tf.sqrt(biasCorrection(beta2, step));
    const size = tf.div(tf.mul(lr, root), biasCorrection(beta1, step));
    const [zero, b1, b2] = [tf.scalar(0), tf.scalar(beta1), tf.scalar(beta2)];
    const decayed = tf.mul(parameter, tf.mul(lr, weightDecay));
    const inputs = [zero, zero, size, b1, b2, tf.mul(root, eps), gradient];
    const T = typeAttribute('T', 'float32');
    return (
      updateInPlace('ResourceApplyAdam', variables, inputs, [T]) &&
      updateInPlace(
        'AssignSubVariableOp',
        [parameter],
        [decayed],
        [typeAttribute('dtype', 'float32')],
      )
    );
  }

  private updateByTensors(
    variables: ParameterState,
    gradient: tf.Tensor,
    lr: tf.Scalar,
    step: tf.Scalar,
  ): void {
    const [parameter, expAvg, expAvgSq] = variables;
    const { eps, weightDecay } = this.options;
    const [beta1, beta2] = this.options.betas;
    const size = tf.div(lr, biasCorrection(beta1, step));
    const root = tf.sqrt(biasCorrection(beta2, step));
    const keep = tf.sub(1, tf.mul(lr, weightDecay));
    expAvg.assign(tf.add(expAvg, tf.mul(tf.sub(gradient, expAvg), 1 - beta1)));
    expAvgSq.assign(tf.add(tf.mul(expAvgSq, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const denominator = tf.add(tf.div(tf.sqrt(expAvgSq), root), eps);
    parameter.assign(tf.sub(tf.mul(parameter, keep), tf.mul(tf.div(expAvg, denominator), size)));
  }

  /** Steps done, moments: on the host, by torch's names, in torch's layouts. */
  stateDict(): StateDict {
    return stateDict(this.state);
  }

  /** @throws Error that names all missing, unexpected and misshaped keys; nothing is then changed */
  loadStateDict(state: StateDict): void {
    loadStateDict(this.state, state, 'AdamW');
  }

  /** Frees the optimizer's own variables, not the parameters. */
  dispose(): void {
    const { step, exp_avg, exp_avg_sq } = this.state;
    tf.dispose([step, ...Object.values(exp_avg), ...Object.values(exp_avg_sq)]);
  }
}
