/** The figures of evaluations, kept beside the images that they are of, and found again by the weights' hash. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../../io/atomic-write';
import type { Comparison, RealFloor } from './compare';
import type { JudgeCard } from './judge';

/** How images were drawn; other keys are options of `generate` and of the scheduler. */
export interface EvaluationSettings {
  readonly scheduler: string;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly [option: string]: unknown;
}

/** What figures of drawn images are kept with, whatever they show. */
export interface KeptMeasures {
  /** As `weightsHash` gives it. */
  readonly weights: string;
  readonly settings: EvaluationSettings;
  readonly numImages: number;
}

/** What the digits of a model scored, and all that the figures depend on. */
export interface Measures extends Comparison, KeptMeasures {
  readonly judge: JudgeCard;
  readonly real: RealFloor;
}

/** What names a set of drawn images, beside its weights. */
export interface DrawingFacts {
  readonly scheduler: string;
  /** Left out of the name where it is the scheduler's own. */
  readonly spacing?: string | undefined;
  readonly steps: number;
  readonly guidanceScale: number;
  /** Further keys of the scheduler's config, and options of `generate`. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly seed: number | string;
  readonly batchSize: number | string;
}

/** For example "ddim-trailing-50-s1.5-thresholding-true-seed0-batch100". */
export function drawingName({ more = {}, ...facts }: DrawingFacts): string {
  const { scheduler, spacing, steps, guidanceScale, seed, batchSize } = facts;
  return [scheduler, spacing, steps, `s${guidanceScale}`]
    .concat(Object.entries(more).flat(2) as string[], `seed${seed}`, `batch${batchSize}`)
    .filter((part) => part !== undefined)
    .join('-');
}

const FILE = /(^|[\\/])measures-\d+\.json$/;

/** Writes the figures of N images as measures-N.json. @returns the file */
export function saveMeasures(folder: string, measures: KeptMeasures): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `measures-${measures.numImages}.json`);
  writeFileAtomically(file, [`${JSON.stringify(measures, null, 2)}\n`]);
  return file;
}

/**
 * The figures of these very weights, in order of sampler, steps and guidance. Of evaluations of different numbers of
 * images only those of the most are given, since distances compare at equal numbers only.
 *
 * @param folder searched with all folders in it; one that is not there holds none
 * @param weights as `weightsHash` gives it
 */
export function findMeasures<M extends KeptMeasures = Measures>(
  folder: string,
  weights: string,
): M[] {
  const names = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
    : [];
  const own = names
    .filter((name) => FILE.test(name))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as M)
    .filter((measures) => measures.weights === weights);
  const most = own.reduce((most, { numImages }) => Math.max(most, numImages), 0);
  return own.filter(({ numImages }) => numImages === most).sort(bySettings);
}

function bySettings({ settings: a }: KeptMeasures, { settings: b }: KeptMeasures): number {
  return (
    a.scheduler.localeCompare(b.scheduler) || a.steps - b.steps || a.guidanceScale - b.guidanceScale
  );
}
