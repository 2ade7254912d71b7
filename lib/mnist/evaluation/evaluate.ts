import type { MnistDataset } from '../mnist';
import { Generator } from '../../random';
import type { Sampler, Scheduler } from '../../schedulers/scheduler';
import { compareImages, realFloor, type Comparison, type RealFloor } from './compare';
import { drawDigits, type DrawingPipeline, type DrawOptions } from './generated-images';
import type { Judge } from './judge';
import { referenceSets, type RealSet } from './reference-sets';

export interface EvaluateParts<S extends Sampler = Scheduler> {
  readonly pipeline: DrawingPipeline<S>;
  readonly judge: Judge;
  /** Real images that neither model nor judge was trained on: MNIST's test split. */
  readonly test: MnistDataset;
}

export interface Evaluation extends Comparison {
  /** The figures of as many real images among themselves. */
  readonly real: RealFloor;
}

/** Sets of real images to compare with, for any number of evaluations of as many images. */
export interface RealReference {
  readonly sets: readonly RealSet[];
  readonly floor: RealFloor;
}

/**
 * Real images to compare generated ones with.
 *
 * @param numImages of each set; a multiple of 10
 */
export function realReference(
  judge: Judge,
  test: MnistDataset,
  numImages: number,
  seed = 0,
): RealReference {
  const stream = new Generator(seed).stream('data');
  const sets = referenceSets(judge, test, numImages / 10, stream);
  return { sets, floor: realFloor(sets) };
}

/**
 * Draws images of all digits and measures them: prompted accuracy, Fréchet and kernel distance,
 * precision, recall, density, coverage, diversity within a digit.
 *
 * @param reference real images of the same number, if several evaluations share them
 * @throws as `drawDigits`; if it was stopped, the next call with the same `folder` goes on
 */
export async function evaluate<S extends Sampler = Scheduler>(
  { pipeline, judge, test }: EvaluateParts<S>,
  options: DrawOptions,
  reference?: RealReference,
): Promise<Evaluation> {
  const drawn = await drawDigits(pipeline, options);
  const { sets, floor } = reference ?? realReference(judge, test, options.numImages ?? 1000);
  return { ...compareImages(judge, drawn, sets, floor), real: floor };
}
