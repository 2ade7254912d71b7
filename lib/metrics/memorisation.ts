/** Does a model draw anew, or what it was trained on? */
import { squaredDistances, type Features } from './features';
import { wilson, type Share } from './wilson';

/** The row of another set that is nearest to each row of one. */
export interface Nearest {
  /** Euclidean distances, one of each row. */
  readonly distances: Float64Array;
  /** Rows of the other set; of several as near the first. */
  readonly rows: Int32Array;
}

/**
 * @returns for each row of `a` the nearest row of `b`
 * @throws RangeError if widths differ or a set is empty
 */
export function nearestRows(a: Features, b: Features): Nearest {
  const all = squaredDistances(a, b);
  const distances = new Float64Array(a.length);
  const rows = new Int32Array(a.length);
  for (let i = 0; i < a.length; i++) {
    let [least, at] = [Infinity, 0];
    for (let j = 0; j < b.length; j++) {
      const distance = all[i * b.length + j]!;
      if (distance < least) [least, at] = [distance, j];
    }
    distances[i] = Math.sqrt(least);
    rows[i] = at;
  }
  return { distances, rows };
}

export interface Memorisation {
  /** Of each drawn image to the nearest training image. */
  readonly drawn: Nearest;
  /** Median of those distances. */
  readonly drawnMedian: number;
  /** The same of real images that were held out of training. */
  readonly heldOutMedian: number;
  /** Drawn over held out: about 1 for images that are new, towards 0 for copies. */
  readonly ratio: number;
  /** Drawn images nearer to a training image than 95 % of the held-out ones are; 5 % for images that are new. */
  readonly copies: Share;
}

/** The value below which a share of the sorted values lie, as numpy's `quantile` (linear). */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const [from, to] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return from + (place - low) * (to - from);
}

/**
 * Distances of drawn images to their nearest training images, against those of real images that were held out.
 *
 * @param training what the model was trained on, in the features of the two others (pixels do)
 * @throws RangeError if widths differ or a set is empty
 */
export function memorisation(drawn: Features, heldOut: Features, training: Features): Memorisation {
  const [own, others] = [nearestRows(drawn, training), nearestRows(heldOut, training)];
  const [drawnMedian, heldOutMedian] = [
    quantile(own.distances, 0.5),
    quantile(others.distances, 0.5),
  ];
  const threshold = quantile(others.distances, 0.05);
  const near = own.distances.filter((distance) => distance < threshold).length;
  return {
    drawn: own,
    drawnMedian,
    heldOutMedian,
    ratio: drawnMedian / heldOutMedian,
    copies: wilson(near, drawn.length),
  };
}
