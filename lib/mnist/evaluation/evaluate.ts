import type { MnistDataset } from '../mnist';
import { Generator } from '../../random';
import type { Sampler, Scheduler } from '../../schedulers/scheduler';
import { comparePieces, floorPieces, type Comparison, type RealFloor } from './compare';
import { drawDigits, type DrawingPipeline, type DrawOptions } from './generated-images';
import type { Judge } from './judge';
import { referencePieces, type RealSet } from './reference-sets';
import { requireRecord } from '../../options';
import { inPieces } from '../../pieces';

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
 * @param options.progressBar whether a notebook shows a bar. Default true
 * @throws TypeError without a judge or images; RangeError if there are not enough of them; Interrupted if Stop was pressed
 */
export async function realReference(
  judge: Judge,
  test: MnistDataset,
  numImages: number,
  seed = 0,
  { progressBar = true }: { readonly progressBar?: boolean } = {},
): Promise<RealReference> {
  requireRecord('realReference', judge, 'a judge, as Judge.load gives it', ['network']);
  requireRecord(
    'realReference',
    test,
    "real images, as loadMnist({ split: 'test', source: 'full' })",
  );
  const stream = new Generator(seed).stream('data');
  const bar = { description: 'real images', unit: 'image', leave: false };
  const pieces = referencePieces(judge, test, numImages / 10, stream);
  const sets = await inPieces(pieces, test.length, bar, progressBar);
  const pairs = (sets.length * (sets.length - 1)) / 2;
  const compared = { description: 'real sets', unit: 'pair', leave: false };
  return { sets, floor: await inPieces(floorPieces(sets), pairs, compared, progressBar) };
}

/**
 * Draws images of all digits and measures them: prompted accuracy, Fréchet and kernel distance,
 * precision, recall, density, coverage, diversity within a digit.
 *
 * @param reference real images of the same number, if several evaluations share them
 * @throws as `drawDigits`; if it was stopped, the next call with the same `folder` goes on
 */
export async function evaluate<S extends Sampler = Scheduler>(
  parts: EvaluateParts<S>,
  options: DrawOptions,
  reference?: RealReference,
): Promise<Evaluation> {
  requireRecord('evaluate', parts, '{ pipeline, judge, test }', ['pipeline', 'judge', 'test']);
  const { pipeline, judge, test } = parts;
  const drawn = await drawDigits(pipeline, options);
  const wanted = options.progressBar ?? !pipeline.progressBarConfig.disable;
  const { sets, floor } =
    reference ??
    (await realReference(judge, test, options.numImages ?? 1000, 0, { progressBar: wanted }));
  const bar = { description: 'measure', unit: 'set', leave: false };
  const pieces = comparePieces(judge, drawn, sets, floor);
  const found = await inPieces(pieces, sets.length + drawn.labels.length, bar, wanted);
  return { ...found, real: floor };
}
