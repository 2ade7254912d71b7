/**
 * The matrices of hidden layers by Muon, everything else by AdamW: the division of Jordan et al. 2024, whose code has the same
 * name for it (SingleDeviceMuonWithAuxAdam).
 */
import type { tf } from '../backend';
import { markDisposed, refuseDisposed } from '../nn/disposed';
import { loadStateDict, stateDict, type StateDict } from '../nn/state-dict';
import { AdamW, type AdamWOptions } from './adamw';
import { checkLRScales, hasPart, type LRScales } from './lr-scales';
import { Muon, type MuonOptions } from './muon';
import { matchGradients, requireParameters, type NamedTensors } from './named-tensors';
import type { Optimizer, OptimizerStepOptions } from './optimizer';

/**
 * First and last layers, and tables that are looked up. The text encoder is not among the hidden either: its matrices are so
 * large that their iteration costs half a step of the digits' UNet, and AdamW at a tenth of the rate learns captions as fast.
 */
const OUTER = /^text_encoder\.|(^|\.)(conv_in|conv_out|\w*_embeddings?|embeddings?)(\.|$)/;

/** Whether Muon trains it: matrices and convolutions between the first and the last layer. */
export const isHiddenMatrix = (name: string, { rank }: tf.Tensor): boolean =>
  (rank === 2 || rank === 4) && !OUTER.test(name);

const only = <T>(tensors: ReadonlyMap<string, T>, has: (name: string) => boolean) =>
  new Map([...tensors].filter(([name]) => has(name)));

/** Those of the parts that are there. */
const scalesOf = (scales: LRScales, parameters: ReadonlyMap<string, unknown>): LRScales =>
  Object.fromEntries(
    Object.entries(scales).filter(([part]) => hasPart(part, [...parameters.keys()])),
  );

export interface MuonWithAuxAdamOptions extends AdamWOptions {
  /** What only Muon has; its rates and decay are those of AdamW, which `match_rms_adamw` (default here) makes fit. */
  readonly muon?: Omit<MuonOptions, 'lr' | 'weightDecay' | 'lrScales'> | undefined;
}

export class MuonWithAuxAdam implements Optimizer {
  readonly options: Readonly<Record<string, unknown>>;
  private readonly muon: Muon;
  private readonly adamW: AdamW;
  private readonly isHidden = (name: string): boolean =>
    isHiddenMatrix(name, this.parameters.get(name)!);

  /**
   * @param parameters the variables to train, by name; the optimizer changes but never disposes them
   * @throws RangeError or Error naming all options out of range
   */
  constructor(
    private readonly parameters: ReadonlyMap<string, tf.Variable>,
    { muon, ...adamW }: MuonWithAuxAdamOptions = {},
  ) {
    requireParameters('MuonWithAuxAdam', parameters);
    const { isHidden } = this;
    const { lrScales = {}, ...rest } = adamW;
    checkLRScales('MuonWithAuxAdam', lrScales, [...parameters.keys()]);
    const others = only(parameters, (name) => !isHidden(name));
    this.adamW = new AdamW(others, { ...rest, lrScales: scalesOf(lrScales, others) });
    const { lr } = this.adamW;
    const { weightDecay } = this.adamW.options;
    const hidden = only(parameters, isHidden);
    this.muon = new Muon(hidden, {
      adjustLrFn: 'match_rms_adamw',
      ...muon,
      lr,
      weightDecay,
      lrScales: scalesOf(lrScales, hidden),
    });
    this.options = { ...this.adamW.options, lrScales, muon: this.muon.options };
  }

  /** Of both. */
  get lr(): number {
    return this.adamW.lr;
  }

  set lr(lr: number) {
    this.adamW.lr = lr; // refuses what is no learning rate
    this.muon.lr = lr;
  }

  /**
   * Moves every parameter by one step.
   *
   * @throws Error that names all missing, unknown and misshaped gradients, or inside of a traced function without lr;
   *   nothing is then changed
   */
  step(grads: NamedTensors, options: OptimizerStepOptions = {}): void {
    refuseDisposed('MuonWithAuxAdam.step', { 'the optimizer': this });
    const gradients = matchGradients('MuonWithAuxAdam.step', grads, this.parameters);
    const { muon, adamW, isHidden } = this;
    muon.step(only(gradients, isHidden), options);
    adamW.step(
      only(gradients, (name) => !isHidden(name)),
      options,
    );
  }

  /** `momentum_buffer.<name>` of Muon's parameters; `step`, `exp_avg.<name>` and `exp_avg_sq.<name>` of AdamW's. */
  private get state() {
    return { ...this.muon.state, ...this.adamW.state };
  }

  stateDict(): StateDict {
    refuseDisposed('MuonWithAuxAdam.stateDict', { 'the optimizer': this });
    return stateDict(this.state);
  }

  loadStateDict(state: StateDict): void {
    refuseDisposed('MuonWithAuxAdam.loadStateDict', { 'the optimizer': this });
    loadStateDict(this.state, state, 'MuonWithAuxAdam');
  }

  dispose(): void {
    this.muon.dispose();
    this.adamW.dispose();
    markDisposed(this);
  }
}
