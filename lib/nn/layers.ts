/**
 * Layers with torch's names, parameters and default initial values. Activations are [B, H, W, C] or
 * [..., C]. Results belong to the caller.
 */
import { tf } from '../backend';
import type { RandomStream } from '../random';
import { convSame } from './convolution';
import { gatherRows } from './gather-rows';
import { normal, parameter, uniformFanIn } from './init';
import { linear } from './linear';
import { groupNorm, layerNorm, type NormActivation } from './normalization';

/** y = x Wᵀ + b; `torch.nn.Linear`. */
export class Linear {
  /** [out, in] */
  readonly weight: tf.Variable<tf.Rank.R2>;
  /** [out] */
  readonly bias: tf.Variable<tf.Rank.R1> | null;

  /**
   * @param options.std draws the weight from N(0, std²) and sets the bias to 0, as CLIP does;
   * without it, torch's uniform default
   */
  constructor(
    inFeatures: number,
    outFeatures: number,
    stream: RandomStream,
    { bias = true, std }: { bias?: boolean; std?: number } = {},
  ) {
    const shape: [number, number] = [outFeatures, inFeatures];
    this.weight =
      std === undefined
        ? uniformFanIn<tf.Rank.R2>(shape, inFeatures, stream)
        : normal<tf.Rank.R2>(shape, std, stream);
    if (!bias) this.bias = null;
    else if (std !== undefined) this.bias = parameter(tf.zeros<tf.Rank.R1>([outFeatures]));
    else this.bias = uniformFanIn<tf.Rank.R1>([outFeatures], inFeatures, stream);
  }

  /** @param x [..., in] @returns [..., out] */
  forward<T extends tf.Tensor>(x: T): T {
    return linear(x, this.weight, this.bias);
  }
}

/** 2D convolution; `torch.nn.Conv2d` with a square kernel and symmetric padding. */
export class Conv2d {
  /** Held [kernel, kernel, in, out]; a state dict shows torch's [out, in, kernel, kernel]. */
  readonly weight: tf.Variable<tf.Rank.R4>;
  readonly bias: tf.Variable<tf.Rank.R1>;
  readonly stride: number;
  readonly padding: number;

  constructor(
    inChannels: number,
    outChannels: number,
    stream: RandomStream,
    { kernelSize = 3, stride = 1, padding = 1 } = {},
  ) {
    const fanIn = inChannels * kernelSize ** 2;
    const shape: [number, number, number, number] = [
      kernelSize,
      kernelSize,
      inChannels,
      outChannels,
    ];
    this.weight = uniformFanIn<tf.Rank.R4>(shape, fanIn, stream);
    this.bias = uniformFanIn<tf.Rank.R1>([outChannels], fanIn, stream);
    this.stride = stride;
    this.padding = padding;
  }

  /** @param x [B, H, W, in] @returns [B, H', W', out], H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1 */
  forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => {
      // TensorFlow's 'same' equals torch's symmetric padding only at stride 1.
      const same = this.stride === 1 && this.weight.shape[0] === 2 * this.padding + 1;
      if (same) return convSame(x, this.weight, this.bias);
      const p: [number, number] = [this.padding, this.padding];
      const padded = this.padding === 0 ? x : tf.pad(x, [[0, 0], p, p, [0, 0]]);
      return tf.add(tf.conv2d(padded, this.weight, this.stride, 'valid'), this.bias);
    });
  }
}

/** `torch.nn.GroupNorm`. */
export class GroupNorm {
  readonly weight: tf.Variable<tf.Rank.R1>;
  readonly bias: tf.Variable<tf.Rank.R1>;

  constructor(
    private readonly numGroups: number,
    numChannels: number,
    private readonly eps = 1e-5,
  ) {
    if (numChannels % numGroups !== 0) {
      throw new Error(
        `GroupNorm: num_groups (${numGroups}) must divide num_channels (${numChannels}).`,
      );
    }
    this.weight = parameter(tf.ones<tf.Rank.R1>([numChannels]));
    this.bias = parameter(tf.zeros<tf.Rank.R1>([numChannels]));
  }

  /** @param x [B, H, W, C] @param activation of the result @returns [B, H, W, C] */
  forward(x: tf.Tensor4D, activation?: NormActivation): tf.Tensor4D {
    return tf.tidy(() =>
      groupNorm(x, this.weight, this.bias, this.numGroups, this.eps, activation),
    );
  }
}

/** `torch.nn.LayerNorm` over the last axis. */
export class LayerNorm {
  readonly weight: tf.Variable<tf.Rank.R1>;
  readonly bias: tf.Variable<tf.Rank.R1>;

  constructor(
    size: number,
    private readonly eps = 1e-5,
  ) {
    this.weight = parameter(tf.ones<tf.Rank.R1>([size]));
    this.bias = parameter(tf.zeros<tf.Rank.R1>([size]));
  }

  /** @param x [..., C] @returns [..., C] */
  forward<T extends tf.Tensor>(x: T): T {
    return tf.tidy(() => layerNorm(x, this.weight, this.bias, this.eps));
  }
}

/** A table of vectors looked up by integer ids; `torch.nn.Embedding`. */
export class Embedding {
  /** [num, dim] */
  readonly weight: tf.Variable<tf.Rank.R2>;

  constructor(numEmbeddings: number, embeddingDim: number, stream: RandomStream, std = 1) {
    this.weight = normal<tf.Rank.R2>([numEmbeddings, embeddingDim], std, stream);
  }

  /** @param ids int32 [...] @returns [..., dim] */
  forward(ids: tf.Tensor): tf.Tensor {
    return tf.tidy(() => gatherRows(this.weight, ids));
  }
}
