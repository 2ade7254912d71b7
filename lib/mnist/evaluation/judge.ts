/**
 * The judge: a small convolutional network that reads digits. It says whether a generated image shows
 * the digit that was asked for, and its last hidden layer is the space in which sets of images are
 * compared. It is trained on real images only (see train-judge.ts).
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { NdArray } from 'ndarray';
import { tf } from '../../backend';
import { rowMajor } from '../../datasets/transforms';
import { writeFileAtomically } from '../../io/atomic-write';
import { sha256OfFile } from '../../io/file-digest';
import {
  fromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
} from '../../io/safetensors';
import { jit, type JitControl } from '../../jit';
import { markDisposed, refuseDisposed } from '../../nn/disposed';
import { Conv2d, Linear } from '../../nn/layers';
import { disposeModule, loadStateDict, stateDict } from '../../nn/state-dict';
import { Generator, rand, type RandomKey, type RandomStream } from '../../random';
import { requireText } from '../../options';
import { atOnce, type Pieces } from '../../pieces';

/** Width of the feature space. */
export const FEATURES = 128;

const CLASSES = 10;
const SIZE = 28;
const BATCH = 250;
const WEIGHTS = 'model.safetensors';
const CARD = 'judge.json';

/** What is known of a judge, beside its weights. */
export interface JudgeCard {
  /** SHA-256 of the weights' file. */
  readonly sha256: string;
  /** Share of MNIST's 10,000 test images that it reads right. */
  readonly testAccuracy: number;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** What the judge says of a set of images. */
export interface Judgement {
  readonly length: number;
  /** The digit that it sees in each image. */
  readonly predictions: Uint8Array;
  /** Row by row, [length, FEATURES]. */
  readonly features: Float32Array;
}

/** The layers. Their names are the state dict's. */
export class JudgeNetwork {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;
  readonly conv3: Conv2d;
  readonly conv4: Conv2d;
  readonly conv5: Conv2d;
  readonly hidden: Linear;
  readonly classes: Linear;

  constructor(stream: RandomStream) {
    this.conv1 = new Conv2d(1, 16, stream);
    this.conv2 = new Conv2d(16, 32, stream, { stride: 2 });
    this.conv3 = new Conv2d(32, 32, stream);
    this.conv4 = new Conv2d(32, 64, stream, { stride: 2 });
    this.conv5 = new Conv2d(64, 64, stream);
    this.hidden = new Linear(7 * 7 * 64, FEATURES, stream);
    this.classes = new Linear(FEATURES, CLASSES, stream);
  }

  /** @param images [B, 28, 28, 1], 0 to 1 @returns [B, FEATURES], ≥ 0 */
  features(images: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      let x = tf.sub<tf.Tensor4D>(tf.mul(images, 2), 1);
      x = tf.relu(this.conv1.forward(x)); // [B, 28, 28, 16]
      x = tf.relu(this.conv2.forward(x)); // [B, 14, 14, 32]
      x = tf.relu(this.conv3.forward(x));
      x = tf.relu(this.conv4.forward(x)); // [B, 7, 7, 64]
      x = tf.relu(this.conv5.forward(x));
      return tf.relu(this.hidden.forward(tf.reshape(x, [-1, 7 * 7 * 64]))) as tf.Tensor2D;
    });
  }

  /**
   * @param dropout a key and the share of features to leave out. Default: none
   * @returns [B, 10] unnormalized log-probabilities
   */
  logits(features: tf.Tensor2D, dropout?: { key: RandomKey; rate: number }): tf.Tensor2D {
    return tf.tidy(() => {
      if (!dropout) return this.classes.forward(features);
      const kept = tf.greaterEqual(rand(features.shape, dropout.key), dropout.rate);
      const scaled = tf.div(tf.cast(kept, 'float32'), 1 - dropout.rate);
      return this.classes.forward(tf.mul(features, scaled) as tf.Tensor2D);
    });
  }
}

type Look = (images: tf.Tensor4D) => { features: tf.Tensor2D; logits: tf.Tensor2D };

/** A trained network that looks at sets of images. */
export class Judge {
  private readonly look: Look & JitControl<Look>;

  /** @param network belongs to the judge from now on: `dispose` frees it */
  constructor(
    readonly network: JudgeNetwork,
    public card: JudgeCard,
  ) {
    const look: Look = (images) => {
      const features = network.features(images);
      return { features, logits: network.logits(features) };
    };
    this.look = jit(look, { name: 'judge' });
  }

  /**
   * Looks at images as an 8-bit picture shows them: values are rounded to n/255 first, so that real and
   * generated images are seen alike.
   *
   * @param images [N, 28, 28] or [N, 28, 28, 1], 0 to 1
   * @throws RangeError for other shapes or values
   */
  judge(images: NdArray<Float32Array>): Judgement {
    return atOnce(this.pieces(images));
  }

  /** As `judge`, in pieces of some images. @throws as `judge` */
  *pieces(images: NdArray<Float32Array>): Pieces<Judgement> {
    refuseDisposed('Judge', { 'the judge': this });
    const [length = 0, height, width, channels = 1] = images.shape;
    if (length < 1 || height !== SIZE || width !== SIZE || channels !== 1) {
      throw new RangeError(
        `Judge: expected images [N, ${SIZE}, ${SIZE}, 1], got [${images.shape.join(', ')}].`,
      );
    }
    const pixels = rowMajor(images);
    const bad = pixels.findIndex((value) => !(value >= 0 && value <= 1));
    if (bad >= 0) throw new RangeError(`Judge: expected values in [0, 1], got ${pixels[bad]}.`);
    const predictions = new Uint8Array(length);
    const features = new Float32Array(length * FEATURES);
    for (let start = 0; start < length; start += BATCH) {
      const count = Math.min(BATCH, length - start);
      const batch = new Float32Array(BATCH * SIZE * SIZE); // the last batch is filled up with zeros: one graph serves all
      const area = SIZE * SIZE;
      batch.set(pixels.subarray(start * area, (start + count) * area));
      for (let i = 0; i < batch.length; i++) batch[i] = Math.round(batch[i]! * 255) / 255;
      tf.tidy(() => {
        const seen = this.look(tf.tensor4d(batch, [BATCH, SIZE, SIZE, 1]));
        const found = seen.features.dataSync<'float32'>();
        features.set(found.subarray(0, count * FEATURES), start * FEATURES);
        const logits = seen.logits.dataSync<'float32'>();
        for (let i = 0; i < count; i++) {
          const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
          predictions[start + i] = row.indexOf(Math.max(...row));
        }
      });
      yield count;
    }
    return { length, predictions, features };
  }

  /** Writes weights and card into the folder. @returns the card with the weights' hash */
  save(given: string): JudgeCard {
    const folder = path.resolve(given);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, WEIGHTS);
    const weights = [...stateDict(this.network)].map(
      ([name, { data, shape }]) => [name, fromFloat32Array(data, shape)] as const,
    );
    writeSafetensors(file, new Map(weights), { format: 'pt' });
    this.card = { ...this.card, sha256: sha256OfFile(file) };
    writeFileAtomically(path.join(folder, CARD), [`${JSON.stringify(this.card, null, 2)}\n`]);
    return this.card;
  }

  /**
   * Loads a judge; the one in checkpoints/judge/ is what all published figures are measured with.
   *
   * @throws Error if the weights are not those that the card names
   */
  static load(given: string): Judge {
    requireText(
      'Judge.load',
      given,
      "a judge's folder, such as join(checkpointsFolder(), 'judge')",
    );
    const folder = path.resolve(given);
    const card = JSON.parse(readFileSync(path.join(folder, CARD), 'utf8')) as JudgeCard & {
      readonly reads?: string;
    };
    if (card.reads !== undefined) {
      throw new Error(`${folder}: expected a judge of digits, got one of ${card.reads}.`);
    }
    const file = path.join(folder, WEIGHTS);
    const found = sha256OfFile(file);
    if (found !== card.sha256) {
      throw new Error(
        `${file}: expected SHA-256 ${card.sha256} as in ${CARD}, got ${found}. Figures of another ` +
          'judge cannot be compared: restore the file, or train a judge anew (npm run train-judge).',
      );
    }
    const state = [...readSafetensors(file).tensors].map(
      ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
    );
    const network = new JudgeNetwork(new Generator(0).stream('init')); // replaced by the weights
    try {
      loadStateDict(network, new Map(state), file);
    } catch (error) {
      disposeModule(network);
      throw error;
    }
    return new Judge(network, card);
  }

  dispose(): void {
    this.look.dispose();
    disposeModule(this.network);
    markDisposed(this);
  }
}
