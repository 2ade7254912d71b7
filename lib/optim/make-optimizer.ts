import type { tf } from '../backend';
import type { Rule } from '../options';
import { AdamW } from './adamw';
import type { LRScales } from './lr-scales';
import { MuonWithAuxAdam } from './muon-with-aux-adam';
import type { Optimizer } from './optimizer';

const OPTIMIZERS = { adamw: AdamW, muon: MuonWithAuxAdam } as const;

export type OptimizerName = keyof typeof OPTIMIZERS;

export const OPTIMIZER_RULE: Rule = [
  Object.keys(OPTIMIZERS)
    .map((name) => `'${name}'`)
    .join(' or '),
  (value) => typeof value === 'string' && Object.hasOwn(OPTIMIZERS, value),
];

/** The optimizer of a training, which the caller disposes. */
export function makeOptimizer(
  parameters: ReadonlyMap<string, tf.Variable>,
  options: {
    readonly optimizer: OptimizerName;
    readonly learningRate: number;
    readonly weightDecay: number;
    readonly lrScales: LRScales;
  },
): Optimizer {
  const { optimizer, learningRate: lr, weightDecay, lrScales } = options;
  return new OPTIMIZERS[optimizer](parameters, { lr, weightDecay, lrScales });
}
