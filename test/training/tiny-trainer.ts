import { createHash } from 'node:crypto';
import { Trainer, type TrainerParts } from '../../lib/training/trainer';
import type { TrainerOptions } from '../../lib/training/trainer-options';
import { stateDict, type StateDict } from '../../lib/nn/state-dict';
import { quickMnist, tinyParts } from '../support/tiny-model';

const made: { dispose(): void }[] = [];

/** For `afterEach`: frees all trainers and their models. */
export function disposeTrainers(): void {
  made.splice(0).forEach((thing) => thing.dispose());
}

/** A trainer of new tiny models on the quick MNIST; batches of 4 unless told. */
export function tinyTrainer(
  options: Partial<TrainerOptions> = {},
  parts: Partial<TrainerParts> = {},
  initSeed = 0,
): Trainer {
  const { scheduler, ...models } = tinyParts(initSeed);
  made.unshift(models.unet, models.textEncoder);
  const trainer = new Trainer(
    { ...models, noiseScheduler: scheduler, dataset: quickMnist(), ...parts },
    { batchSize: 4, seed: 1, ...options },
  );
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
export function everything(trainer: Trainer) {
  const { unet, textEncoder } = trainer.parts;
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
  process.env['SDM_JIT'] = 'off';
  try {
    return await run();
  } finally {
    delete process.env['SDM_JIT'];
  }
}

export const losses = (trainer: Trainer) => trainer.history.steps.map(({ loss }) => loss);
