import { tf } from '../backend';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { loadStateDict, stateDict, type StateDict } from '../nn/state-dict';
import { checkOptions, NOT_NEGATIVE_RULE } from '../options';
import { checkLRScales, type LRScales } from './lr-scales';
import { requireParameters, zeroVariable, type NamedTensors } from './named-tensors';
import type { Optimizer, OptimizerStepOptions } from './optimizer';

/** Variables of an optimizer's own: its fields are the state dict, `<field>` or `<field>.<parameter>`. */
type OptimizerState = Readonly<Record<string, tf.Variable | Readonly<Record<string, tf.Variable>>>>;

/** What optimizers of one rule have in common, as torch.optim.Optimizer: parameters, a rate, and a state that is saved and loaded. */
export abstract class StatefulOptimizer<
  State extends OptimizerState,
  Options extends Readonly<Record<string, unknown>> & { readonly lrScales: LRScales },
> implements Optimizer {
  abstract readonly state: State;
  private learningRate: number;

  /**
   * @param owner the class, for messages
   * @param parameters the variables to train, by name; the optimizer changes but never disposes them
   * @param options all but the rate, checked
   * @throws TypeError or Error if the parameters are none, were disposed, or lack a part that has a rate of its own
   */
  constructor(
    private readonly owner: string,
    protected readonly parameters: ReadonlyMap<string, tf.Variable>,
    lr: number,
    readonly options: Options,
  ) {
    requireParameters(owner, parameters);
    checkLRScales(owner, options.lrScales, [...parameters.keys()]);
    this.learningRate = lr;
  }

  /** Zeros in the shape of each parameter, by its name. */
  protected zeros(): Readonly<Record<string, tf.Variable>> {
    const zeros = Array.from(
      this.parameters,
      ([name, p]) => [name, zeroVariable(p.shape)] as const,
    );
    return Object.fromEntries(zeros);
  }

  /** The learning rate of steps that are not given another. */
  get lr(): number {
    return this.learningRate;
  }

  set lr(lr: number) {
    this.learningRate = checkOptions<{ lr: number }>(
      this.owner,
      { lr },
      {},
      { lr: NOT_NEGATIVE_RULE },
    ).lr;
  }

  abstract step(grads: NamedTensors, options?: OptimizerStepOptions): void;

  /** What the next step depends on: on the host, by torch's names, in torch's layouts. */
  stateDict(): StateDict {
    refuseDisposed(`${this.owner}.stateDict`, { 'the optimizer': this });
    return stateDict(this.state);
  }

  /** @throws Error that names all missing, unexpected and misshaped keys; nothing is then changed */
  loadStateDict(state: StateDict): void {
    refuseDisposed(`${this.owner}.loadStateDict`, { 'the optimizer': this });
    loadStateDict(this.state, state, this.owner);
  }

  /** Frees the optimizer's own variables, not the parameters. */
  dispose(): void {
    tf.dispose(this.state as unknown as tf.TensorContainer);
    markDisposed(this);
  }
}
