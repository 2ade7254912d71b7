import { tf } from '../../lib/backend';
import { inHalves } from '../../lib/jit';
import { gatherRows } from '../../lib/nn/gather-rows';
import { namedParameters } from '../../lib/nn/state-dict';
import {
  diffusionLoss,
  type DiffusionBatch,
  type DiffusionLossParts,
} from '../../lib/training/diffusion-loss';
import type { BatchIndices } from '../../lib/training/objective';
import type { StepInput } from '../../lib/training/train-step';

type Batch = Pick<DiffusionBatch, 'latents' | 'noise' | 'timesteps' | 'encoderHiddenStates'>;

/** The diffusion loss of batches that are given, not drawn: those of a reference. */
export class FixedObjective {
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  private readonly held: Record<string, tf.Variable> = {};

  constructor(private readonly parts: DiffusionLossParts) {
    this.parameters = namedParameters(parts.unet);
  }

  /** The batch of the next step; a step's graph sees it, since it is held in variables. */
  set(batch: Batch): void {
    for (const [name, tensor] of Object.entries(batch)) {
      const held = this.held[name];
      if (held) held.assign(tensor);
      else this.held[name] = tf.variable(tensor, false);
    }
  }

  draw({ rows }: BatchIndices) {
    const entries = Object.entries(this.held).map(([name, x]) => [name, gatherRows(x, rows)]);
    return Object.fromEntries(entries) as Batch;
  }

  loss(batch: object): tf.Scalar {
    return inHalves((part: Batch) => diffusionLoss(this.parts, part), batch as Batch);
  }

  dispose(): void {
    tf.dispose(this.held);
  }
}

/** A step's input for rows `start` and on of the held batch. */
export function rowsOf(size: number, start = 0, count = size): StepInput {
  const indices = tf.range(0, size, 1, 'int32');
  return { indices, rows: tf.range(start, start + count, 1, 'int32'), keys: {} };
}
