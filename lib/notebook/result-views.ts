/**
 * What loops and measurements give, known by its fields: a loader's batch as pictures with captions, an evaluation as tables. These
 * belong to rooms that this one need not know.
 */
import { imageGrid } from '../charts/image-grid';
import type { Batch } from '../datasets/data-loader';
import type { MimeBundle } from '../figure/display-handle';
import type { Share } from '../metrics/wilson';
import { table } from './html-table';
import { sizeOf } from './numbers';
import { card, figureHtml, folding } from './rich';
import { MOST_IMAGES } from './tensor-views';

export type ShownBatch = Pick<Batch, 'indices' | 'captions' | 'images' | 'shape'>;

/** The first pictures of a batch with their captions. */
export async function batchView(batch: ShownBatch): Promise<MimeBundle> {
  const { indices, captions, shape } = batch;
  const count = Math.min(captions.length, MOST_IMAGES);
  const rows = captions.slice(0, count).map((caption, i) => ({ index: indices[i], caption }));
  const more = captions.length > count ? `, the first ${count}` : '';
  const facts = { images: shape[0], shape: [...shape], range: '−1 to 1' };
  const samples = table(rows);
  if (count === 0) return card('Batch', facts);
  const first = [count, ...shape.slice(1)] as const;
  const images = { data: batch.images.subarray(0, sizeOf(first)), shape: first };
  const figure = imageGrid(images, { columns: 8, titles: captions.slice(0, count), valueRange: [-1, 1] }); // prettier-ignore
  const bundle = card(`Batch${more}`, facts, [await figureHtml(figure)]);
  return { ...bundle, 'text/plain': `${bundle['text/plain']}\n\n${samples.toString()}` };
}

/** The figures of images against real ones; `real`, where they are known, those of real ones among themselves. */
export interface ShownEvaluation {
  readonly numImages: number;
  readonly overall: Share;
  readonly perDigit: readonly Share[];
  readonly confusion: readonly (readonly number[])[];
  readonly frechet: number;
  readonly frechetStandardError: number;
  readonly frechetRatio: number;
  readonly kid: number;
  readonly diversity: number;
  readonly diversityRatio: number;
  readonly precision: number;
  readonly recall: number;
  readonly density: number;
  readonly coverage: number;
  readonly real?: {
    readonly frechet: number;
    readonly kid: number;
    readonly kidStd: number;
    readonly diversity: number;
  };
}

const FIELDS: readonly string[] = [
  ...['numImages', 'overall', 'perDigit', 'confusion', 'frechet', 'frechetStandardError'],
  ...['frechetRatio', 'kid', 'diversity', 'diversityRatio', 'precision', 'recall', 'density'],
];

export const isEvaluation = (value: object): value is ShownEvaluation =>
  FIELDS.every((field) => field in value);

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const interval = ({ low, high }: Share) => `${percent(low)} – ${percent(high)}`;
/** An estimate near 0 may be below it. */
const oneDecimal = (value: number) => value.toFixed(1).replace(/^-0\.0$/, '0.0');
/** Standard errors of a 95 % interval of the normal distribution. */
const Z_95 = 1.96;

function measures({ overall, perDigit, real, ...found }: ShownEvaluation) {
  const worst = perDigit.reduce((a, b) => (b.share < a.share ? b : a));
  const error = Z_95 * found.frechetStandardError;
  const row = (measure: string, images: string, within = '', ofReal = '') => ({
    measure,
    images,
    '95 % interval': within,
    ...(real && { 'real images': ofReal }),
  });
  const around = Number.isFinite(error)
    ? `${Math.max(0, found.frechet - error).toFixed(2)} – ${(found.frechet + error).toFixed(2)}`
    : '';
  return [
    row('accuracy', percent(overall.share), interval(overall)),
    row(`accuracy, digit ${perDigit.indexOf(worst)} (worst)`, percent(worst.share), interval(worst)), // prettier-ignore
    row('Fréchet distance', found.frechet.toFixed(2), around, real?.frechet.toFixed(2)),
    row('Fréchet distance over real', found.frechetRatio.toFixed(2), '', '1.00'),
    row('kernel distance (KID)', oneDecimal(found.kid), '', real && `${oneDecimal(real.kid)} ± ${real.kidStd.toFixed(1)}`), // prettier-ignore
    row('diversity', found.diversity.toFixed(2), '', real?.diversity.toFixed(2)),
    row('diversity over real', percent(found.diversityRatio), '', '100.0 %'),
    ...(['precision', 'recall', 'density', 'coverage'] as const).map((name) =>
      row(name, found[name].toFixed(3)),
    ),
  ];
}

/** All measures with their intervals, then folded: each digit, and what was taken for what. */
export function evaluationView(found: ShownEvaluation): MimeBundle {
  const title = `Evaluation of ${found.numImages.toLocaleString('en-US')} images`;
  const all = table(measures(found), { caption: title });
  const digits = found.perDigit.map((share, digit) => ({
    digit,
    accuracy: percent(share.share),
    '95 % interval': interval(share),
  }));
  const taken = found.confusion.map((counts, asked): Record<string, number> => {
    return { asked, ...Object.fromEntries(counts.entries()) };
  });
  const more = [
    folding('each digit', table(digits).toHtml()),
    folding('asked for (rows), taken for (columns)', table(taken).toHtml()),
  ];
  return {
    'text/html': `<div>${all.toHtml()}${more.join('')}</div>`,
    'text/plain': all.toString(),
  };
}
