/** What a run is: what must not change when it goes on from a checkpoint, and what may. */
import { createHash } from 'node:crypto';
import type { ImageDataset } from '../datasets/data-loader';
import { rowMajor } from '../datasets/transforms';
import type { TrainerParts } from './trainer-parts';
import type { ResolvedTrainerOptions } from './trainer-options';

/** Options that may be changed between two parts of a run: it then goes on otherwise, but rightly. */
const FREE = [
  'learningRate',
  'lrSchedule',
  'maxGradNorm',
  'maxSkippedSteps',
  'microBatchSize',
  'nonFinite',
  'weightDecay',
];

/** Flat, JSON values only. */
export type RunConfig = Readonly<Record<string, unknown>>;

const fingerprints = new WeakMap<ImageDataset, string>();

/** SHA-256 of all images and labels. */
function fingerprint(dataset: ImageDataset): string {
  let digest = fingerprints.get(dataset);
  if (digest === undefined) {
    const hash = createHash('sha256').update(rowMajor(dataset.images)).update(dataset.labels);
    fingerprints.set(dataset, (digest = hash.digest('hex')));
  }
  return digest;
}

/** Everything that decides a run's numbers, apart from the weights and what may change. */
export function runConfig(
  { unet, textEncoder, tokenizer, noiseScheduler, dataset }: TrainerParts,
  captions: readonly string[],
  options: ResolvedTrainerOptions,
): RunConfig {
  const own = Object.entries(options).filter(([name]) => !FREE.includes(name));
  const prefixed = (prefix: string, config: object) =>
    Object.entries(config).map(([key, value]) => [`${prefix}.${key}`, value] as const);
  return Object.fromEntries<unknown>([
    ...own,
    ...prefixed('unet', unet.config),
    ...prefixed('textEncoder', textEncoder.config),
    ...prefixed('noiseScheduler', noiseScheduler.config),
    ['tokenizer.vocabSize', tokenizer.vocabSize],
    ['captions', captions],
    ['dataset.shape', dataset.images.shape],
    ['dataset.sha256', fingerprint(dataset)],
  ]);
}

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? 'none';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** Every key that differs, with both values. */
export function configDifferences(saved: RunConfig, present: RunConfig): string[] {
  const keys = [...new Set([...Object.keys(saved), ...Object.keys(present)])];
  return keys
    .filter((key) => JSON.stringify(saved[key]) !== JSON.stringify(present[key]))
    .map(
      (key) =>
        `${key}: expected ${shown(saved[key])} as in the checkpoint, got ${shown(present[key])}`,
    );
}
