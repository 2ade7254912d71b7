/**
 * Layers with adapters on them: y = W x + b + Σ weight · scaling · B (A x). Weight and bias are the plain layer's own, so
 * that the model's state dict is as without adapters.
 */
import { tf } from '../../backend';
import { tracingPrecision } from '../../jit';
import { parameter, uniformFanIn, normal } from '../init';
import { linear } from '../linear';
import { Conv2d, Linear } from '../layers';
import type { RandomStream } from '../../random';
import { scalingOf, type LoraShape } from './config';

/** An adapter on one layer. */
export interface LoraBranch extends LoraShape {
  /** [r, in], or of a convolution held [kernel, kernel, in, r] */
  readonly A: tf.Variable;
  /** [out, r], or of a convolution held [1, 1, r, out] */
  readonly B: tf.Variable;
  /** How much the adapter counts in the whole model, a scalar; its layers share it. */
  readonly weight: tf.Variable<tf.Rank.R0>;
}

/** Whatever an adapter can be put on. */
export type PlainLayer = Linear | Conv2d;
export type LoraLayer = LoraLinear | LoraConv2d;

/** The plain layer, or undefined if an adapter cannot be put on it. */
export function asPlainLayer(module: object): PlainLayer | undefined {
  if (module instanceof LoraLinear || module instanceof LoraConv2d) return module.base;
  const isPlain = module.constructor === Linear || module.constructor === Conv2d;
  return isPlain ? (module as PlainLayer) : undefined;
}

export class LoraLinear {
  readonly weight: Linear['weight'];
  readonly bias: Linear['bias'];
  readonly #base: Linear;
  /** Those that are computed. */
  #branches: readonly LoraBranch[] = [];

  constructor(base: Linear) {
    this.#base = base;
    this.weight = base.weight;
    this.bias = base.bias;
  }

  get base(): Linear {
    return this.#base;
  }

  get branches(): readonly LoraBranch[] {
    return this.#branches;
  }

  set branches(branches: readonly LoraBranch[]) {
    this.#branches = branches;
  }

  /**
   * The plain weight with what the adapters change it by, [out, in]; the caller disposes it. Null where rounding would lose the
   * change: a weight in bfloat16 has three digits, an adapter beside it has three of its own.
   */
  mergedWeight(): tf.Tensor2D | null {
    if (tracingPrecision() === 'bfloat16') return null;
    return tf.tidy(() => added(this.weight, this.#branches.map(weightChange)) as tf.Tensor2D);
  }

  /** @param x [..., in] @returns [..., out] */
  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => {
      // One product of the many rows of x instead of three and a sum.
      const merged = this.mergedWeight();
      if (merged) return linear(x, merged, this.bias);
      const changes = this.#branches.map((branch) => {
        const low = linear(x, branch.A as tf.Tensor2D); // [..., r]
        return linear(tf.mul(low, countOf(branch)), branch.B as tf.Tensor2D);
      });
      return added(this.#base.forward(x), changes) as T;
    });
  }
}

export class LoraConv2d {
  readonly weight: Conv2d['weight'];
  readonly bias: Conv2d['bias'];
  readonly stride: number;
  readonly padding: number;
  readonly #base: Conv2d;
  #branches: readonly LoraBranch[] = [];

  constructor(base: Conv2d) {
    this.#base = base;
    this.weight = base.weight;
    this.bias = base.bias;
    this.stride = base.stride;
    this.padding = base.padding;
  }

  get base(): Conv2d {
    return this.#base;
  }

  get branches(): readonly LoraBranch[] {
    return this.#branches;
  }

  set branches(branches: readonly LoraBranch[]) {
    this.#branches = branches;
  }

  /** @param x [B, H, W, in] @returns [B, H', W', out] */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      const p: [number, number] = [this.padding, this.padding];
      const padded = this.padding === 0 ? x : tf.pad(x, [[0, 0], p, p, [0, 0]]);
      const changes = this.#branches.map((branch) => {
        const low = tf.conv2d(padded, branch.A as tf.Tensor4D, this.stride, 'valid'); // [B, H', W', r]
        const up = tf.transpose(tf.squeeze<tf.Tensor2D>(branch.B, [0, 1])); // [out, r]
        return linear(tf.mul(low, countOf(branch)), up);
      });
      return added(this.#base.forward(x), changes) as tf.Tensor4D;
    });
  }
}

/** A scalar: what B A is multiplied by. */
const countOf = (branch: LoraBranch) => tf.mul(branch.weight, scalingOf(branch));

const added = (plain: tf.Tensor, changes: readonly tf.Tensor[]) =>
  changes.reduce((sum, change) => tf.add(sum, change), plain);

/** What an adapter changes a layer's weight by, as the variable holds it; the caller disposes it. */
export function weightChange(branch: LoraBranch): tf.Tensor {
  return tf.tidy(() => {
    const { A, B } = branch;
    const count = countOf(branch);
    if (A.rank === 2) return tf.mul(tf.matMul(B as tf.Tensor2D, A as tf.Tensor2D), count);
    const [height, width, inputs, r] = A.shape as [number, number, number, number];
    const outputs = B.shape[3]!;
    const product = tf.matMul(
      tf.reshape<tf.Rank.R2>(A, [height * width * inputs, r]),
      tf.reshape<tf.Rank.R2>(B, [r, outputs]),
    );
    return tf.mul(tf.reshape(product, [height, width, inputs, outputs]), count);
  });
}

/** The shapes of A and B as the variables hold them. */
export function branchShapes(layer: PlainLayer, r: number): { A: number[]; B: number[] } {
  const { shape } = layer.weight;
  if (shape.length === 2) return { A: [r, shape[1]], B: [shape[0], r] };
  const [height, width, inputs, outputs] = shape;
  return { A: [height, width, inputs, r], B: [1, 1, r, outputs] };
}

/** First weights of an adapter on a layer; see `LoraConfig.initLoraWeights`. */
export function initialBranch(
  layer: PlainLayer,
  r: number,
  initLoraWeights: boolean | 'gaussian',
  stream: RandomStream,
): { readonly A: tf.Variable; readonly B: tf.Variable } {
  const shapes = branchShapes(layer, r);
  const fanIn =
    layer.weight.size / (layer.weight.rank === 2 ? layer.weight.shape[0] : layer.weight.shape[3]!);
  const A =
    initLoraWeights === 'gaussian'
      ? normal(shapes.A, 1 / r, stream)
      : uniformFanIn(shapes.A, fanIn, stream);
  const B =
    initLoraWeights === false ? uniformFanIn(shapes.B, r, stream) : parameter(tf.zeros(shapes.B));
  return { A, B };
}
