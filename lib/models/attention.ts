import { tf } from '../backend';
import { geglu } from '../nn/activations';
import {
  attentionProbabilities,
  multiHeadAttention,
  multiHeadSelfAttention,
  splitHeads,
} from '../nn/attention';
import { hasPointwiseKernel } from '../nn/kernels/pointwise';
import { linear } from '../nn/linear';
import { Conv2d, GroupNorm, LayerNorm, Linear } from '../nn/layers';
import { LoraLinear } from '../nn/lora/layers';
import type { RandomStream } from '../random';

export interface AttentionOptions {
  readonly heads: number;
  readonly dim_head: number;
  /** Width of the context; the query's own width for self-attention. */
  readonly cross_attention_dim?: number;
}

/** Multi-head attention; diffusers' `Attention` (no bias on q, k, v). */
export class Attention {
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  readonly to_out: readonly [Linear];
  private readonly heads: number;

  constructor(queryDim: number, options: AttentionOptions, stream: RandomStream) {
    const { heads, dim_head, cross_attention_dim = queryDim } = options;
    const inner = heads * dim_head;
    this.heads = heads;
    this.to_q = new Linear(queryDim, inner, stream, { bias: false });
    this.to_k = new Linear(cross_attention_dim, inner, stream, { bias: false });
    this.to_v = new Linear(cross_attention_dim, inner, stream, { bias: false });
    this.to_out = [new Linear(inner, queryDim, stream)];
  }

  /** @param x [B, L, C] @param encoderHiddenStates [B, S, cross_attention_dim] @returns [B, L, C] */
  forward(x: tf.Tensor3D, encoderHiddenStates: tf.Tensor3D = x): tf.Tensor3D {
    return tf.tidy(() => {
      const attended = encoderHiddenStates === x ? this.fusedSelfAttention(x) : null;
      if (attended) return this.to_out[0].forward(attended);
      const q = this.to_q.forward(x); // [B, L, inner]
      const k = this.to_k.forward(encoderHiddenStates); // [B, S, inner]
      const v = this.to_v.forward(encoderHiddenStates);
      return this.to_out[0].forward(multiHeadAttention(q, k, v, this.heads));
    });
  }

  /**
   * How much each position of x attends to each of the context, for looking into a model: softmax(q kᵀ / √D).
   *
   * @param x [B, L, C] @param encoderHiddenStates [B, S, cross_attention_dim] @returns [B, heads, L, S]
   */
  probabilities(x: tf.Tensor3D, encoderHiddenStates: tf.Tensor3D = x): tf.Tensor4D {
    return tf.tidy(() => {
      const q = splitHeads(this.to_q.forward(x), this.heads); // [B, heads, L, D]
      const k = splitHeads(this.to_k.forward(encoderHiddenStates), this.heads);
      return attentionProbabilities(q, k);
    });
  }

  /**
   * Self-attention that reads x once for all three projections; null where one of them is neither a plain `Linear` without
   * bias nor one with adapters: another layer in its place computes more than its weight says. Null, too, where a backend with
   * products of its own (a page's) makes something of each weight and keeps it: of joined weights, which are new ones each time, it would be made each time.
   */
  private fusedSelfAttention(x: tf.Tensor3D): tf.Tensor3D | null {
    if (hasPointwiseKernel()) return null;
    const weights = [this.to_q, this.to_k, this.to_v].map(weightOfProjection);
    if (!weights.every((weight): weight is tf.Tensor2D => weight !== null)) return null;
    const qkv = linear(x, tf.concat(weights, 0)); // [B, L, 3 · inner]
    return multiHeadSelfAttention(qkv, this.heads); // [B, L, inner]
  }
}

/** [out, in]: all that a projection multiplies by; null if it does more. */
function weightOfProjection(layer: Linear | LoraLinear): tf.Tensor2D | null {
  if (layer.bias) return null;
  if (layer instanceof LoraLinear) return layer.mergedWeight();
  return layer.constructor === Linear ? layer.weight : null;
}

/** Projection to twice the width, gated by GELU; diffusers' `GEGLU`. */
class GEGLU {
  readonly proj: Linear;

  constructor(dimIn: number, dimOut: number, stream: RandomStream) {
    this.proj = new Linear(dimIn, dimOut * 2, stream);
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => geglu(this.proj.forward(x)));
  }
}

/** diffusers' `FeedForward` with `geglu`; its `net.1` is a dropout of 0 without parameters. */
class FeedForward {
  readonly net: readonly [GEGLU, null, Linear];

  constructor(dim: number, stream: RandomStream) {
    this.net = [new GEGLU(dim, dim * 4, stream), null, new Linear(dim * 4, dim, stream)];
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => this.net[2].forward(this.net[0].forward(x)));
  }
}

/** Self-attention, cross-attention and feed-forward, each on a norm and with a residual. */
export class BasicTransformerBlock {
  readonly norm1: LayerNorm;
  readonly attn1: Attention;
  readonly norm2: LayerNorm;
  readonly attn2: Attention;
  readonly norm3: LayerNorm;
  readonly ff: FeedForward;

  constructor(dim: number, options: Required<AttentionOptions>, stream: RandomStream) {
    const { heads, dim_head } = options;
    this.norm1 = new LayerNorm(dim);
    this.attn1 = new Attention(dim, { heads, dim_head }, stream);
    this.norm2 = new LayerNorm(dim);
    this.attn2 = new Attention(dim, options, stream);
    this.norm3 = new LayerNorm(dim);
    this.ff = new FeedForward(dim, stream);
  }

  /** @param x [B, L, C] @param encoderHiddenStates [B, S, cross_attention_dim] @returns [B, L, C] */
  forward(x: tf.Tensor3D, encoderHiddenStates: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      let h = tf.add<tf.Tensor3D>(x, this.attn1.forward(this.norm1.forward(x)));
      h = tf.add<tf.Tensor3D>(h, this.attn2.forward(this.norm2.forward(h), encoderHiddenStates));
      return tf.add(h, this.ff.forward(this.norm3.forward(h)));
    });
  }
}

export interface Transformer2DModelOptions extends Required<AttentionOptions> {
  readonly in_channels: number;
  readonly num_layers: number;
  readonly norm_num_groups: number;
}

/**
 * Transformer blocks over the pixels of an image; diffusers' `Transformer2DModel` with convolutions
 * as projections (`use_linear_projection: false`). Its norm's eps is 1e-6, not the UNet's.
 */
export class Transformer2DModel {
  readonly norm: GroupNorm;
  readonly proj_in: Conv2d;
  readonly transformer_blocks: readonly BasicTransformerBlock[];
  readonly proj_out: Conv2d;

  constructor(options: Transformer2DModelOptions, stream: RandomStream) {
    const { in_channels, num_layers, norm_num_groups, heads, dim_head } = options;
    const inner = heads * dim_head;
    const pointwise = { kernelSize: 1, padding: 0 };
    this.norm = new GroupNorm(norm_num_groups, in_channels, 1e-6);
    this.proj_in = new Conv2d(in_channels, inner, stream, pointwise);
    this.transformer_blocks = Array.from(
      { length: num_layers },
      () => new BasicTransformerBlock(inner, options, stream),
    );
    this.proj_out = new Conv2d(inner, in_channels, stream, pointwise);
  }

  /** @param x [B, H, W, C] @param encoderHiddenStates [B, S, cross_attention_dim] @returns [B, H, W, C] */
  forward(x: tf.Tensor4D, encoderHiddenStates: tf.Tensor3D): tf.Tensor4D {
    return tf.tidy(() => {
      const projected = this.proj_in.forward(this.norm.forward(x)); // [B, H, W, inner]
      const [B, H, W, inner] = projected.shape;
      let h: tf.Tensor3D = tf.reshape(projected, [B, H * W, inner]);
      for (const block of this.transformer_blocks) h = block.forward(h, encoderHiddenStates);
      return tf.add(this.proj_out.forward(tf.reshape(h, [B, H, W, inner])), x);
    });
  }
}
