import ndarray from 'ndarray';
import type { MnistDataset } from '../mnist';
import { rowMajor, toTensor } from '../../datasets/transforms';
import { permutation, type RandomStream } from '../../random';
import { selectRows, type Features } from '../../metrics/features';
import type { Judge } from './judge';
import type { Pieces } from '../../pieces';

/** Real images as the judge sees them. */
export interface RealSet extends Features {
  readonly labels: Uint8Array;
  readonly predictions: Uint8Array;
}

/**
 * Disjoint sets of real images with as many of each digit, as a set of generated images has. What they
 * differ by among each other is the floor that no generator can be asked to go below. Each piece yields how many images the
 * judge has seen.
 *
 * @param perDigit images of each digit in each set
 * @param stream decides which images
 * @param most sets to make at most; fewer if there are not enough images
 * @throws RangeError if there are not enough for two
 */
export function* referencePieces(
  judge: Judge,
  dataset: MnistDataset,
  perDigit: number,
  stream: RandomStream,
  most = 5,
): Pieces<RealSet[]> {
  const { labels, length } = dataset;
  const order = permutation(length, stream.next());
  const byDigit = Array.from({ length: 10 }, (_, digit) =>
    order.filter((i) => labels[i] === digit),
  );
  const fewest = Math.min(...byDigit.map((rows) => rows.length));
  const count = Math.min(most, Math.floor(fewest / perDigit));
  if (count < 2) {
    throw new RangeError(
      `Evaluation: expected at least ${2 * perDigit} images of each digit for two sets of ` +
        `${perDigit}, got ${fewest}. Take fewer images.`,
    );
  }
  const all = yield* piecesOfAll(judge, dataset);
  return Array.from({ length: count }, (_, set) => {
    const start = set * perDigit;
    const rows = byDigit.flatMap((places) => [...places.subarray(start, start + perDigit)]);
    return {
      ...selectRows(all, rows),
      labels: Uint8Array.from(rows, (i) => labels[i]!),
      predictions: Uint8Array.from(rows, (i) => all.predictions[i]!),
    };
  });
}

function piecesOfAll(judge: Judge, { images, length }: MnistDataset) {
  const [, height = 1, width = 1] = images.shape;
  const bytes = rowMajor(images);
  return judge.pieces(toTensor(ndarray(bytes, [length, height, width])));
}
