import type { NdArray } from 'ndarray';
import type { Features } from '../../metrics/features';
import { frechetDistance, frechetDistanceFrom, frechetStandardError } from '../../metrics/frechet';
import type { Judge } from './judge';
import { kernelDistance } from '../../metrics/kernel-distance';
import { manifoldMetrics, withinClassDistance, type Manifold } from '../../metrics/manifold';
import { promptedAccuracy, type PromptedAccuracy } from './prompted-accuracy';
import type { RealSet } from './reference-sets';
import { atOnce, type Pieces } from '../../pieces';

/** Images with the digit that each was to show. */
export interface LabelledImages {
  /** [N, 28, 28, 1], 0 to 1. */
  readonly images: NdArray<Float32Array>;
  readonly labels: Uint8Array;
}

/** How generated images compare with sets of as many real ones, in the judge's feature space. */
export interface Comparison extends PromptedAccuracy, Manifold {
  readonly numImages: number;
  /** Mean over the reference sets. */
  readonly frechet: number;
  /** How far `frechet` would move with other images of the same model; NaN for fewer than 20 images. */
  readonly frechetStandardError: number;
  /** `frechet` divided by the mean distance between real sets; 1: as near as real images are to each other. */
  readonly frechetRatio: number;
  /** Mean over the reference sets; 0 for real images. */
  readonly kid: number;
  /** Mean distance of two images of a digit. */
  readonly diversity: number;
  /** `diversity` divided by that of real images. */
  readonly diversityRatio: number;
}

/** The same figures of real images among themselves: what the ratios divide by. */
export interface RealFloor {
  /** How many sets they are of. */
  readonly sets: number;
  readonly frechet: number;
  readonly kid: number;
  /** Standard deviation over pairs of sets. */
  readonly kidStd: number;
  readonly diversity: number;
}

/** Images as the judge sees them, with the digit that each was to show. */
export type JudgedSet = Features & {
  readonly labels: Uint8Array;
  readonly predictions: Uint8Array;
};

/** Images are drawn in blocks of one of each digit. */
const DIGITS = 10;

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Measures the real sets against each other, pair by pair; a piece is a pair of sets. */
export function* floorPieces(references: readonly RealSet[]): Pieces<RealFloor> {
  const kids: number[] = [];
  const distances: number[] = [];
  for (const [i, a] of references.entries()) {
    for (const b of references.slice(i + 1)) {
      kids.push(kernelDistance(a, b));
      distances.push(frechetDistance(a, b));
      yield 1;
    }
  }
  const kid = mean(kids);
  return {
    sets: references.length,
    frechet: mean(distances),
    kid,
    kidStd: Math.sqrt(mean(kids.map((x) => (x - kid) ** 2))),
    diversity: mean(references.map((set) => withinClassDistance(set, set.labels))),
  };
}

/** Measures a judged set against real ones; a piece is one of these. */
export function* withRealPieces(
  set: JudgedSet,
  references: readonly RealSet[],
  floor: RealFloor,
): Pieces<Comparison> {
  const distanceFrom = frechetDistanceFrom(set);
  const distances: number[] = [];
  const kids: number[] = [];
  for (const real of references) {
    distances.push(distanceFrom(real));
    kids.push(kernelDistance(set, real));
    yield 1;
  }
  const frechet = mean(distances);
  const diversity = withinClassDistance(set, set.labels);
  return {
    numImages: set.length,
    ...promptedAccuracy(set.labels, set.predictions),
    frechet,
    frechetStandardError: frechetStandardError(set, references[0]!, DIGITS),
    frechetRatio: frechet / floor.frechet,
    kid: mean(kids),
    diversity,
    diversityRatio: diversity / floor.diversity,
    ...manifoldMetrics(references[0]!, set),
  };
}

/** Judges generated images and measures them against real ones. */
export const compareImages = (
  judge: Judge,
  drawn: LabelledImages,
  references: readonly RealSet[],
  floor: RealFloor,
): Comparison => atOnce(comparePieces(judge, drawn, references, floor));

/** As `compareImages`; pieces yield how many images were judged, then 1 for each real set. */
export function* comparePieces(
  judge: Judge,
  { images, labels }: LabelledImages,
  references: readonly RealSet[],
  floor: RealFloor,
): Pieces<Comparison> {
  const seen = yield* judge.pieces(images);
  return yield* withRealPieces({ ...seen, labels }, references, floor);
}
