/** The figures of an evaluation as rows of a table, and pictures beside those that they may be copies of. */
import ndarray, { type NdArray } from 'ndarray';
import { rowMajor, toTensor } from '../../datasets/transforms';
import type { EmojiDataset } from '../../image-datasets/emoji/load-emoji';
import { Images } from '../../images/images';
import type { Share } from '../../metrics/wilson';
import { SIDE } from '../judge/network';
import type { EmojiEvaluation, EmojiFigures, EmojiReference } from './evaluate-emoji';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const withInterval = ({ share, low, high }: Share) =>
  `${percent(share)} (${(100 * low).toFixed(1)} – ${(100 * high).toFixed(1)})`;

/** The kinds of pairs of an evaluation, in words. */
export function kindsOf(found: EmojiEvaluation): [name: string, figures: EmojiFigures][] {
  const { seen, unseenStyles, unseenTones } = found;
  return [
    ['seen pairs', seen],
    ['unseen concept and style', unseenStyles],
    ...(unseenTones ? [['unseen figure and tone', unseenTones] as [string, EmojiFigures]] : []),
  ];
}

/** A row for each kind of pairs, for `table`: is the asked caption found, as often as with real pictures? */
export function emojiColumns({
  name,
  ...found
}: EmojiEvaluation & { readonly name: string }): Record<string, string | number>[] {
  return kindsOf(found).map(([kind, { pairs, drawings, drawn, real, ofReal, memorisation }]) => ({
    drawn: name,
    kind,
    pairs,
    pictures: drawings,
    'top 1': withInterval(drawn.top1),
    'top 5': withInterval(drawn.top5),
    'real top 1': percent(real.top1.share),
    'real top 5': percent(real.top5.share),
    'of real': percent(ofReal),
    'Fréchet over real': kind === 'seen pairs' ? found.frechet.ratio.toFixed(2) : '',
    'distance over held-out': memorisation.ratio.toFixed(2),
    copies: percent(memorisation.copies.share),
    'nearest is of the concept': percent(memorisation.sameConcept.share),
  }));
}

/**
 * Pictures beside those that they may be copies of: a row of drawn ones, below each the training picture that is nearest to it in
 * pixels, below that the real picture of its caption.
 *
 * @param images as drawn for the captions of `of`
 * @param count how many, spread over all captions, the first picture of each
 * @returns three times `count` pictures, row by row
 */
export function besideNearest(
  images: NdArray<Float32Array>,
  of: EmojiDataset,
  { training }: Pick<EmojiReference, 'training'>,
  { memorisation: { nearest } }: Pick<EmojiFigures, 'memorisation'>,
  count = 20,
): Images {
  const shown = Math.min(count, of.length);
  const rows = Array.from({ length: shown }, (_, i) => Math.floor((i * of.length) / shown));
  const [trained, real] = [training, of].map((set) => toTensor(set.images));
  const size = SIDE * SIDE * 3;
  const pixels = new Float32Array(3 * shown * size);
  const put = (place: number, from: NdArray<Float32Array>, row: number) =>
    pixels.set(rowMajor(from).subarray(row * size, (row + 1) * size), place * size);
  rows.forEach((row, i) => {
    put(i, images, row);
    put(shown + i, trained!, nearest[row]!);
    put(2 * shown + i, real!, row);
  });
  return new Images(ndarray(pixels, [3 * shown, SIDE, SIDE, 3]));
}
