import { createHash } from 'node:crypto';
import { tf } from '../../lib/backend';
import { runFunctionsEagerly } from '../../lib/jit';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import {
  resolveTextToImageOptions,
  type TextToImageOptions,
} from '../../lib/training/text-to-image-options';
import type { TextToImageTrainingParts } from '../../lib/training/text-to-image-parts';
import type { StepInput } from '../../lib/training/train-step';
import { Trainer } from '../../lib/training/trainer';
import type { TrainerOptions } from '../../lib/training/trainer-options';
import type { MnistDataset } from '../../lib/mnist/mnist';
import { stateDict, type StateDict } from '../../lib/nn/state-dict';
import { quickMnist, tinyParts } from '../support/tiny-model';

const made: { dispose(): void }[] = [];

/** For `afterEach`: frees all trainers and their models. */
export function disposeTrainers(): void {
  made.splice(0).forEach((thing) => thing.dispose());
}

export type TinyTrainer = Trainer<TextToImageObjective>;

/** The first images of the quick MNIST as a data set of their own. */
export function firstImages(count: number): MnistDataset {
  const { images, labels, captionIds, ...rest } = quickMnist();
  return {
    ...rest,
    images: images.hi(count, 28, 28),
    labels: labels.slice(0, count),
    captionIds: captionIds.slice(0, count),
    length: count,
  };
}

/** A new objective of tiny models on the quick MNIST. */
export function tinyObjective(
  options: TextToImageOptions = {},
  parts: Partial<TextToImageTrainingParts> = {},
  initSeed = 0,
): TextToImageObjective {
  const { scheduler, ...models } = tinyParts(initSeed);
  made.unshift(models.unet, models.textEncoder);
  const all = { ...models, noiseScheduler: scheduler, dataset: quickMnist(), ...parts };
  const objective = new TextToImageObjective(all as typeof all & typeof models, options);
  made.unshift(objective);
  return objective;
}

/** A key for each random stream of an objective. */
export const KEYS = { noise: [1, 2], offset: [9, 9], timesteps: [3, 4], dropout: [5, 6] } as const;

/** What a micro-batch of these places in the data set is drawn by. */
export function inputOf(indices: ArrayLike<number>, rows: ArrayLike<number>): StepInput {
  const int32 = (numbers: ArrayLike<number>) => tf.tensor1d(Int32Array.from(numbers), 'int32');
  const entries = Object.entries(KEYS).map(([name, key]) => [name, int32(key)] as const);
  return { indices: int32(indices), rows: int32(rows), keys: Object.fromEntries(entries) };
}

const OBJECTIVE_OPTIONS = Object.keys(resolveTextToImageOptions({}));

/** A trainer of such an objective, with options of both; default: batches of 4. */
export function tinyTrainer(
  options: Partial<TrainerOptions> & TextToImageOptions = {},
  parts: Partial<TextToImageTrainingParts> = {},
  initSeed = 0,
): TinyTrainer {
  const isObjectives = ([name]: [string, unknown]) => OBJECTIVE_OPTIONS.includes(name);
  const entries = Object.entries(options);
  const own = Object.fromEntries(entries.filter((entry) => !isObjectives(entry)));
  const objective = tinyObjective(
    Object.fromEntries(entries.filter(isObjectives)),
    parts,
    initSeed,
  );
  const trainer = new Trainer(objective, { batchSize: 4, seed: 1, ...own });
  made.unshift(trainer);
  return trainer;
}

/** A digest of each tensor, by name: equal if and only if every bit is. */
export function digests(state: StateDict): Record<string, string> {
  const entries = [...state].map(([name, { shape, data }]) => {
    const hash = createHash('sha256').update(`${shape.join()} `).update(data);
    return [name, hash.digest('hex')] as const;
  });
  return Object.fromEntries(entries);
}

/** Everything that a step changes, apart from the time that it took. */
export function everything(trainer: TinyTrainer) {
  const { unet, textEncoder } = trainer.objective;
  const state = trainer.state();
  return {
    ...state,
    steps: state.steps.map(({ seconds: _, ...log }) => log),
    unet: digests(stateDict(unet)),
    textEncoder: digests(stateDict(textEncoder)),
    optimizer: digests(trainer.optimizer.stateDict()),
    ema: trainer.ema && digests(trainer.ema.stateDict()),
  };
}

/** Runs something with every graph off, where the same functions run op by op. */
export async function withoutJit<T>(run: () => Promise<T>): Promise<T> {
  runFunctionsEagerly(true);
  try {
    return await run();
  } finally {
    runFunctionsEagerly(false);
  }
}

export const losses = (trainer: TinyTrainer) => trainer.history.steps.map(({ loss }) => loss);
