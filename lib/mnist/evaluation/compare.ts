import type { NdArray } from 'ndarray';
import type { Features } from '../../metrics/features';
import { frechetDistance, frechetDistanceFrom, frechetStandardError } from '../../metrics/frechet';
import type { Judge } from './judge';
import { kernelDistance } from '../../metrics/kernel-distance';
import { manifoldMetrics, withinClassDistance, type Manifold } from '../../metrics/manifold';
import { promptedAccuracy, type PromptedAccuracy } from './prompted-accuracy';
import type { RealSet } from './reference-sets';

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

/** Images are drawn in blocks of one of each digit. */
const DIGITS = 10;

const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Measures the real sets against each other, pair by pair. */
export function realFloor(references: readonly RealSet[]): RealFloor {
  const pairs = references.flatMap((a, i) => references.slice(i + 1).map((b) => [a, b] as const));
  const kids = pairs.map(([a, b]) => kernelDistance(a, b));
  const kid = mean(kids);
  return {
    sets: references.length,
    frechet: mean(pairs.map(([a, b]) => frechetDistance(a, b))),
    kid,
    kidStd: Math.sqrt(mean(kids.map((x) => (x - kid) ** 2))),
    diversity: mean(references.map((set) => withinClassDistance(set, set.labels))),
  };
}

/** Measures a judged set against real ones. */
export function compareWithReal(
  set: Features & { readonly labels: Uint8Array; readonly predictions: Uint8Array },
  references: readonly RealSet[],
  floor: RealFloor,
): Comparison {
  const frechet = mean(references.map(frechetDistanceFrom(set)));
  const diversity = withinClassDistance(set, set.labels);
  return {
    numImages: set.length,
    ...promptedAccuracy(set.labels, set.predictions),
    frechet,
    frechetStandardError: frechetStandardError(set, references[0]!, DIGITS),
    frechetRatio: frechet / floor.frechet,
    kid: mean(references.map((real) => kernelDistance(set, real))),
    diversity,
    diversityRatio: diversity / floor.diversity,
    ...manifoldMetrics(references[0]!, set),
  };
}

/** Judges generated images and measures them against real ones. */
export function compareImages(
  judge: Judge,
  { images, labels }: LabelledImages,
  references: readonly RealSet[],
  floor: RealFloor,
): Comparison {
  return compareWithReal({ ...judge.judge(images), labels }, references, floor);
}
