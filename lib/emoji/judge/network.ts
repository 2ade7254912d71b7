/** Two small encoders, of pictures and of captions, into one space. Names of fields are the state dict's. */
import { tf } from '../../backend';
import { parameter } from '../../nn/init';
import { Conv2d, Embedding, GroupNorm, Linear } from '../../nn/layers';
import { rand, type RandomKey, type RandomStream } from '../../random';

/** Width of the space in which pictures and captions meet. */
export const EMBEDDING = 64;

/** Pixels of a side. */
export const SIDE = 32;

const GROUPS = 8;
const CHANNELS = 128;
const WORDS = 128;
const HIDDEN = 256;

/** A convolution, the mean and spread of groups of its channels taken out. */
class Block {
  readonly conv: Conv2d;
  readonly norm: GroupNorm;

  constructor(from: number, to: number, stream: RandomStream, stride = 1) {
    this.conv = new Conv2d(from, to, stream, { stride });
    this.norm = new GroupNorm(GROUPS, to);
  }

  forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.norm.forward(this.conv.forward(x), 'silu');
  }
}

/** [B, 32, 32, 3], 0 to 1 → [B, EMBEDDING]. */
class PictureEncoder {
  readonly blocks: readonly Block[];
  readonly projection: Linear;

  constructor(stream: RandomStream) {
    this.blocks = [
      new Block(3, 16, stream),
      new Block(16, 32, stream, 2), // [B, 16, 16, 32]
      new Block(32, 32, stream),
      new Block(32, 64, stream, 2), // [B, 8, 8, 64]
      new Block(64, 64, stream),
      new Block(64, CHANNELS, stream, 2), // [B, 4, 4, 128]
    ];
    this.projection = new Linear((SIDE / 8) ** 2 * CHANNELS, EMBEDDING, stream);
  }

  /** @param dropout a key and the share of numbers to leave out before the projection. Default: none */
  forward(pictures: tf.Tensor4D, dropout?: { key: RandomKey; rate: number }): tf.Tensor2D {
    return tf.tidy(() => {
      let x = tf.sub<tf.Tensor4D>(tf.mul(pictures, 2), 1);
      for (const block of this.blocks) x = block.forward(x);
      const flat = tf.reshape(x, [x.shape[0], -1]) as tf.Tensor2D;
      if (!dropout) return this.projection.forward(flat);
      const kept = tf.greaterEqual(rand(flat.shape, dropout.key), dropout.rate);
      const scaled = tf.div(tf.cast(kept, 'float32'), 1 - dropout.rate);
      return this.projection.forward(tf.mul(flat, scaled) as tf.Tensor2D);
    });
  }
}

/** The mean of the tokens' vectors, whatever their order, through a hidden layer → [B, EMBEDDING]. */
class CaptionEncoder {
  readonly words: Embedding;
  readonly hidden: Linear;
  readonly projection: Linear;

  constructor(tokens: number, stream: RandomStream) {
    this.words = new Embedding(tokens, WORDS, stream);
    this.hidden = new Linear(WORDS, HIDDEN, stream);
    this.projection = new Linear(HIDDEN, EMBEDDING, stream);
  }

  /** @param ids [B, L], int32 @param mask [B, L], 1 where a token is, 0 where padding */
  forward(ids: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => {
      const own = tf.expandDims(mask, 2);
      const sum = tf.sum(tf.mul(this.words.forward(ids), own), 1);
      // The tokens of few words count as many: a mean of ten would else be a third as long as one of one.
      const mean = tf.div<tf.Tensor2D>(sum, tf.sqrt(tf.sum(own, 1)));
      return this.projection.forward(tf.relu(this.hidden.forward(mean)) as tf.Tensor2D);
    });
  }
}

export class CaptionJudgeNetwork {
  readonly pictures: PictureEncoder;
  readonly captions: CaptionEncoder;
  /** [1]; its exponential multiplies the cosines in training, at first 1 / 0.07 as CLIP's. */
  readonly logit_scale: tf.Variable<tf.Rank.R1>;

  constructor(tokens: number, stream: RandomStream) {
    this.pictures = new PictureEncoder(stream);
    this.captions = new CaptionEncoder(tokens, stream);
    this.logit_scale = parameter(tf.tensor1d([Math.log(1 / 0.07)]));
  }
}
