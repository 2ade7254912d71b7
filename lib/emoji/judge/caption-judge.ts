/**
 * The judge of pictures and captions: two small encoders that put a picture and its caption in the same place of one space. It
 * says which of many captions a picture fits best, and sets of pictures are compared in its space. It is trained on real
 * pictures only (see train.ts).
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { NdArray } from 'ndarray';
import { tf } from '../../backend';
import { rowMajor } from '../../datasets/transforms';
import { writeFileAtomically } from '../../io/atomic-write';
import { sha256OfFile } from '../../io/file-digest';
import {
  halfFromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
} from '../../io/safetensors';
import { jit, type JitControl } from '../../jit';
import type { Features } from '../../metrics/features';
import type { Share } from '../../metrics/wilson';
import { CLIPTokenizer } from '../../models/clip-tokenizer';
import { disposeModule, loadStateDict, stateDict } from '../../nn/state-dict';
import { requireText } from '../../options';
import { atOnce, type Pieces } from '../../pieces';
import { Generator } from '../../random';
import { EMOJI_TOKENIZER } from '../shipped';
import { CaptionJudgeNetwork, EMBEDDING, SIDE } from './network';

/** Tokens of a caption, start and end included. */
export const CAPTION_TOKENS = 16;

const BATCH = 64;
const PIXELS = SIDE * SIDE * 3;
const WEIGHTS = 'model.safetensors';
const CARD = 'judge.json';

/** How often the own caption of real pictures is found. */
export interface RealRetrieval {
  /** The nearest one. */
  readonly top1: Share;
  /** Among the five nearest. */
  readonly top5: Share;
  /** Among how many captions. */
  readonly among: number;
}

/** Of real pictures that a judge was not trained on. */
export interface HeldOutRetrieval {
  /** Concepts in a style in which it had not seen them, among all captions without tones of skin. */
  readonly 'unseen-styles': RealRetrieval;
  /** Figures in a tone in which it had not seen them, among all captions with one tone or none. */
  readonly 'unseen-tones': RealRetrieval;
}

/** What is known of a judge, beside its weights. */
export interface CaptionJudgeCard {
  readonly reads: 'emoji';
  /** SHA-256 of the weights' file. */
  readonly sha256: string;
  /** Pictures that it was trained on. */
  readonly trained: number;
  /** What it finds in real pictures that it was not trained on; see `heldOutRetrieval`. */
  readonly heldOut?: HeldOutRetrieval;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
}

/** Captions as the caption encoder takes them: ids and, as numbers, which of them are the text's. */
export function captionTensors(tokenizer: CLIPTokenizer, captions: readonly string[]) {
  const { input_ids, attention_mask, shape } = tokenizer.encode([...captions], {
    maxLength: CAPTION_TOKENS,
  });
  return {
    ids: tf.tensor2d(input_ids, [...shape], 'int32'),
    mask: tf.tensor2d(Float32Array.from(attention_mask), [...shape]),
  };
}

type Look = (pictures: tf.Tensor4D) => tf.Tensor2D;

/** Trained encoders that look at sets of pictures and captions. */
export class CaptionJudge {
  private readonly look: Look & JitControl<Look>;

  /** @param network belongs to the judge from now on: `dispose` frees it */
  constructor(
    readonly network: CaptionJudgeNetwork,
    private readonly tokenizer: CLIPTokenizer,
    public card: CaptionJudgeCard,
  ) {
    this.look = jit((pictures: tf.Tensor4D) => network.pictures.forward(pictures), {
      name: 'captionJudge',
    });
  }

  /**
   * Embeddings of pictures, seen as 8-bit ones: values are rounded to n/255 first.
   *
   * @param pictures [N, 32, 32, 3], 0 to 1
   * @returns rows of EMBEDDING numbers, not normalized
   * @throws RangeError for other shapes or values
   */
  pictures(pictures: NdArray<Float32Array>): Features {
    return atOnce(this.pieces(pictures));
  }

  /** As `pictures`, in pieces of some pictures. @throws as `pictures` */
  *pieces(pictures: NdArray<Float32Array>): Pieces<Features> {
    const [length = 0, height, width, channels] = pictures.shape;
    if (length < 1 || height !== SIDE || width !== SIDE || channels !== 3) {
      throw new RangeError(
        `CaptionJudge: expected pictures [N, ${SIDE}, ${SIDE}, 3], got [${pictures.shape.join(', ')}].`,
      );
    }
    const pixels = rowMajor(pictures);
    const bad = pixels.findIndex((value) => !(value >= 0 && value <= 1));
    if (bad >= 0) {
      throw new RangeError(`CaptionJudge: expected values in [0, 1], got ${pixels[bad]}.`);
    }
    const features = new Float32Array(length * EMBEDDING);
    for (let start = 0; start < length; start += BATCH) {
      const count = Math.min(BATCH, length - start);
      const batch = new Float32Array(BATCH * PIXELS); // the last one is filled up with zeros: one graph serves all
      batch.set(pixels.subarray(start * PIXELS, (start + count) * PIXELS));
      for (let i = 0; i < batch.length; i++) batch[i] = Math.round(batch[i]! * 255) / 255;
      tf.tidy(() => {
        const found = this.look(tf.tensor4d(batch, [BATCH, SIDE, SIDE, 3])).dataSync<'float32'>();
        features.set(found.subarray(0, count * EMBEDDING), start * EMBEDDING);
      });
      yield count;
    }
    return { length, features };
  }

  /**
   * Embeddings of captions, cut after 16 tokens.
   *
   * @returns rows of EMBEDDING numbers, not normalized
   * @throws RangeError if there is none; as the tokenizer for what is no text
   */
  captions(captions: readonly string[]): Features {
    if (captions.length === 0) throw new RangeError('CaptionJudge: expected captions, got none.');
    const features = tf.tidy(() => {
      const { ids, mask } = captionTensors(this.tokenizer, captions);
      return this.network.captions.forward(ids, mask).dataSync<'float32'>();
    });
    return { length: captions.length, features: Float32Array.from(features) };
  }

  /** Writes weights, in float16, and card into the folder. @returns the card with the weights' hash */
  save(given: string): CaptionJudgeCard {
    const folder = path.resolve(given);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, WEIGHTS);
    const weights = [...stateDict(this.network)].map(
      ([name, { data, shape }]) => [name, halfFromFloat32Array(data, shape)] as const,
    );
    writeSafetensors(file, new Map(weights), { format: 'pt' });
    this.card = { ...this.card, sha256: sha256OfFile(file) };
    writeFileAtomically(path.join(folder, CARD), [`${JSON.stringify(this.card, null, 2)}\n`]);
    return this.card;
  }

  /**
   * Loads a judge; the one in checkpoints/emoji-judge, `EMOJI_JUDGE`, is what all published figures are measured with.
   *
   * @param tokenizer default: the one for the captions of emoji
   * @throws Error if the folder holds another kind of judge, or weights that are not those that the card names
   */
  static load(given: string, tokenizer?: CLIPTokenizer): CaptionJudge {
    requireText('CaptionJudge.load', given, "a judge's folder, such as EMOJI_JUDGE");
    const folder = path.resolve(given);
    const card = JSON.parse(readFileSync(path.join(folder, CARD), 'utf8')) as CaptionJudgeCard;
    if (card.reads !== 'emoji') {
      throw new Error(`${folder}: expected a judge of emoji (EMOJI_JUDGE), got one of digits.`);
    }
    const file = path.join(folder, WEIGHTS);
    const found = sha256OfFile(file);
    if (found !== card.sha256) {
      throw new Error(
        `${file}: expected SHA-256 ${card.sha256} as in ${CARD}, got ${found}. Figures of another judge cannot be ` +
          'compared: restore the file, or train a judge anew (npm run train-judge -- --data emoji).',
      );
    }
    const state = [...readSafetensors(file).tensors].map(
      ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
    );
    const words = tokenizer ?? CLIPTokenizer.fromPretrained(EMOJI_TOKENIZER);
    // Replaced by the weights.
    const network = new CaptionJudgeNetwork(words.vocabSize, new Generator(0).stream('init'));
    try {
      loadStateDict(network, new Map(state), file);
    } catch (error) {
      disposeModule(network);
      throw error;
    }
    return new CaptionJudge(network, words, card);
  }

  dispose(): void {
    this.look.dispose();
    disposeModule(this.network);
  }
}
