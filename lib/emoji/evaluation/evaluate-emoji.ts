/** How well a model draws emoji: is it what was asked for, how near to real ones, and is it drawn or copied? */
import { selectRows, type Features } from '../../metrics/features';
import { frechetDistance } from '../../metrics/frechet';
import { memorisation } from '../../metrics/memorisation';
import { retrieval } from '../../metrics/retrieval';
import { wilson, type Share } from '../../metrics/wilson';
import { rowMajor, toTensor } from '../../datasets/transforms';
import { figureOf } from '../../image-datasets/emoji/concepts';
import {
  loadEmoji,
  type EmojiDataset,
  type LoadEmojiOptions,
} from '../../image-datasets/emoji/load-emoji';
import { permutation, Generator } from '../../random';
import type { CaptionJudge, RealRetrieval } from '../judge/caption-judge';
import { EMOJI_SET } from '../presets';
import type { NdArray } from 'ndarray';

/** What a model is asked for. */
export interface EmojiReference {
  /** What it was trained on. */
  readonly training: EmojiDataset;
  /** Concepts in a style, and figures in a tone of skin, that it was not trained on; of none, no tones. */
  readonly unseen: { readonly styles: EmojiDataset; readonly tones: EmojiDataset | null };
  /** All captions of these: those among which the asked one is to be found. */
  readonly captions: readonly string[];
}

/** The real pictures of a recipe. Default: those of `emoji`. */
export function emojiReference(
  options: Pick<LoadEmojiOptions, 'categories' | 'tones' | 'where'> = EMOJI_SET,
): EmojiReference {
  const training = loadEmoji({ ...options, split: 'train' });
  const styles = loadEmoji({ ...options, split: 'unseen-styles' });
  const tones = options.tones ? loadEmoji({ ...options, split: 'unseen-tones' }) : null;
  const all = [training, styles, ...(tones ? [tones] : [])];
  const captions = [...new Set(all.flatMap((set) => set.captions))];
  return { training, unseen: { styles, tones }, captions };
}

/** Pictures drawn for the captions of a data set, the first of each, then the second of each, and so on. */
export interface DrawnEmoji {
  /** [N · times, 32, 32, 3], 0 to 1. */
  readonly images: NdArray<Float32Array>;
  readonly of: EmojiDataset;
}

/** Of pictures drawn for pairs of one kind. */
export interface EmojiFigures {
  /** Different pairs of concept and style. */
  readonly pairs: number;
  /** Pictures drawn for them. */
  readonly drawings: number;
  /** Whether the asked caption is the nearest of all to the drawn picture, by the judge; `top5`: among the five nearest. */
  readonly drawn: RealRetrieval;
  /** The same of the real pictures of these pairs. */
  readonly real: RealRetrieval;
  /** `drawn.top1` over `real.top1`. */
  readonly ofReal: number;
  readonly memorisation: {
    /** Median distance to the nearest training picture, as the root of the mean square over all pixels, 0 to 1. */
    readonly drawn: number;
    /** The same of real pictures that were held out. */
    readonly heldOut: number;
    readonly ratio: number;
    /** Nearer to a training picture than 95 % of the held-out ones. */
    readonly copies: Share;
    /** Whose nearest training picture is of the concept that was asked for, whatever the style and the tone of skin. */
    readonly sameConcept: Share;
    /** The nearest training picture of each drawing. */
    readonly nearest: readonly number[];
  };
}

export interface EmojiEvaluation {
  readonly seen: EmojiFigures;
  readonly unseenStyles: EmojiFigures;
  /** Null for a model that was trained without tones of skin. */
  readonly unseenTones: EmojiFigures | null;
  readonly frechet: {
    /** Mean over the splits, of drawn pictures of one half of the seen captions to real ones of the other half. */
    readonly drawn: number;
    /** The same of real pictures of the one half. */
    readonly real: number;
    /** 1: as near as real pictures are to each other. */
    readonly ratio: number;
    /** Pictures in each half. */
    readonly of: number;
    readonly splits: number;
  };
}

const SPLITS = 10;

/** Pixels as features, so that a distance is the root of the mean square. */
function pixelsOf(images: NdArray<Float32Array>): Features {
  const length = images.shape[0]!;
  const pixels = rowMajor(images);
  const scale = Math.sqrt(length / pixels.length);
  return { length, features: pixels.map((value) => value * scale) };
}

function figuresOf(
  judge: CaptionJudge,
  { captions, training, unseen }: EmojiReference,
  { images, of }: DrawnEmoji,
): EmojiFigures {
  const drawings = images.shape[0]!;
  if (drawings === 0 || drawings % of.length !== 0) {
    throw new RangeError(
      `evaluateEmoji: expected a multiple of ${of.length} pictures, got ${drawings}.`,
    );
  }
  const places = new Map(captions.map((caption, place) => [caption, place]));
  const own = Array.from(of.captionIds, (id) => places.get(of.captions[id]!)!);
  const asked = Array.from({ length: drawings }, (_, i) => own[i % of.length]!);
  const texts = judge.captions(captions);
  const found = (pictures: NdArray<Float32Array>, wanted: readonly number[]): RealRetrieval => {
    const [top1, top5] = retrieval(judge.pictures(pictures), texts, wanted);
    return { top1: top1!, top5: top5!, among: captions.length };
  };
  const [drawn, real] = [found(images, asked), found(toTensor(of.images), own)];
  const [held, trained] = [unseen.styles, training].map((set) => pixelsOf(toTensor(set.images)));
  const near = memorisation(pixelsOf(images), held!, trained!);
  const nearest = [...near.drawn.rows];
  const same = nearest.filter(
    (row, i) => figureOf(training.codes[row]!) === figureOf(of.codes[i % of.length]!),
  );
  return {
    pairs: of.length,
    drawings,
    drawn,
    real,
    ofReal: drawn.top1.share / real.top1.share,
    memorisation: {
      drawn: near.drawnMedian,
      heldOut: near.heldOutMedian,
      ratio: near.ratio,
      copies: near.copies,
      sameConcept: wilson(same.length, drawings),
      nearest,
    },
  };
}

/** Halves of as many pictures, drawn at random by a fixed seed: each split compares one half with the real other half. */
function frechetOf(judge: CaptionJudge, { training }: EmojiReference, drawn: DrawnEmoji) {
  const real = judge.pictures(toTensor(training.images));
  const made = judge.pictures(drawn.images);
  const stream = new Generator(0).stream('data');
  const of = Math.floor(training.length / 2);
  let [toDrawn, toReal] = [0, 0];
  for (let split = 0; split < SPLITS; split++) {
    const order = [...permutation(training.length, stream.next())];
    const [one, other] = [order.slice(0, of), order.slice(of, 2 * of)];
    const rest = selectRows(real, other);
    toDrawn += frechetDistance(selectRows(made, one), rest) / SPLITS;
    toReal += frechetDistance(selectRows(real, one), rest) / SPLITS;
  }
  return { drawn: toDrawn, real: toReal, ratio: toDrawn / toReal, of, splits: SPLITS };
}

/**
 * Measures drawn emoji against real ones.
 *
 * @param drawn pictures for the captions of `reference.training`, of `reference.unseen.styles`, and of its tones if it has some
 * @throws RangeError if there are not as many pictures as captions, or a multiple
 */
export function evaluateEmoji(
  judge: CaptionJudge,
  reference: EmojiReference,
  drawn: {
    readonly seen: NdArray<Float32Array>;
    readonly unseenStyles: NdArray<Float32Array>;
    readonly unseenTones?: NdArray<Float32Array> | undefined;
  },
): EmojiEvaluation {
  const { training, unseen } = reference;
  const figures = (images: NdArray<Float32Array>, of: EmojiDataset) =>
    figuresOf(judge, reference, { images, of });
  return {
    seen: figures(drawn.seen, training),
    unseenStyles: figures(drawn.unseenStyles, unseen.styles),
    unseenTones:
      drawn.unseenTones && unseen.tones ? figures(drawn.unseenTones, unseen.tones) : null,
    frechet: frechetOf(judge, reference, { images: drawn.seen, of: training }),
  };
}
