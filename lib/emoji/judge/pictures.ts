/** The real pictures that the judge of emoji is trained on, and those that it is tried with. */
import ndarray from 'ndarray';
import type { ImageDataset } from '../../datasets/data-loader';
import { toTensor } from '../../datasets/transforms';
import { tonesOf } from '../../image-datasets/emoji/concepts';
import { loadEmoji, type EmojiDataset } from '../../image-datasets/emoji/load-emoji';
import { retrieval } from '../../metrics/retrieval';
import { EMOJI_SET } from '../presets';
import type { CaptionJudge, HeldOutRetrieval, RealRetrieval } from './caption-judge';

/** Some rows of a data set, with all its captions. */
function rowsOf(dataset: EmojiDataset, rows: readonly number[]): ImageDataset {
  const [, height, width, channels] = dataset.images.shape as [number, number, number, number];
  const size = height * width * channels;
  const { data } = dataset.images;
  const pixels = new Uint8Array(rows.length * size);
  rows.forEach((row, i) => pixels.set(data.subarray(row * size, (row + 1) * size), i * size));
  return {
    images: ndarray(pixels, [rows.length, height, width, channels]),
    captionIds: Int32Array.from(rows, (row) => dataset.captionIds[row]!),
    captions: dataset.captions,
    length: rows.length,
  };
}

const isOneTone = (code: string) => tonesOf(code).length < 2;

/** What a judge is trained on. */
export interface JudgePictures {
  /**
   * All emoji of the training split, with tones of skin, but for pairs of people in two tones, whose captions differ in the
   * order of their words, which the judge does not see.
   */
  readonly all: ImageDataset;
  /** Those of them that the recipe draws: faces and hands, which are alike, so that what tells them apart is learnt. */
  readonly alike: ImageDataset;
}

/** @returns 9,071 pictures of the training split, 822 of them alike */
export function judgePictures(): JudgePictures {
  const train = loadEmoji({ split: 'train', tones: true });
  const rows = [...train.codes.keys()].filter((row) => isOneTone(train.codes[row]!));
  const alike = loadEmoji({ ...EMOJI_SET, split: 'train' });
  return { all: rowsOf(train, rows), alike };
}

/**
 * How often a judge finds the caption of real pictures among all captions.
 *
 * @param dataset the pictures
 * @param captions those that are asked among; the data set's are among them
 */
export function realRetrieval(
  judge: CaptionJudge,
  dataset: Pick<ImageDataset, 'images' | 'captionIds' | 'captions'>,
  captions: readonly string[],
): RealRetrieval {
  const places = new Map(captions.map((caption, place) => [caption, place]));
  const own = Array.from(dataset.captionIds, (id) => places.get(dataset.captions[id]!)!);
  const seen = judge.pictures(toTensor(dataset.images));
  const [top1, top5] = retrieval(seen, judge.captions(captions), own);
  return { top1: top1!, top5: top5!, among: captions.length };
}

/** Of what it has not seen: among all base captions, and among all captions of one tone of skin at most. */
export function heldOutRetrieval(judge: CaptionJudge): HeldOutRetrieval {
  const base = loadEmoji({ split: 'all' });
  const styles = loadEmoji({ split: 'unseen-styles' });
  const tones = loadEmoji({ split: 'unseen-tones' });
  const withTones = loadEmoji({ split: 'all', tones: true });
  const single = withTones.captions.filter((_, id) =>
    isOneTone(withTones.codes[withTones.captionIds.indexOf(id)]!),
  );
  return {
    'unseen-styles': realRetrieval(judge, styles, base.captions),
    'unseen-tones': realRetrieval(judge, tones, single),
  };
}
