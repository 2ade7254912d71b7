import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { namedParameters } from '../../lib/nn/state-dict';
import { NonFiniteLossError } from '../../lib/training/history';
import {
  disposeTrainers,
  everything,
  tinyTrainer,
  withoutJit,
  type TinyTrainer,
} from './tiny-trainer';

afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 600_000 }); // graphs are compiled, which takes long on a busy machine

/** Runs it to the error, and checks that the failed step left everything as it was. */
async function failedStep(trainer: TinyTrainer): Promise<NonFiniteLossError> {
  const before = everything(trainer);
  const tensors = tf.memory().numTensors;
  const error: unknown = await trainer.fit({ maxSteps: trainer.step + 3 }).catch((e: unknown) => e);
  expect(everything(trainer)).toEqual(before);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(error).toBeInstanceOf(NonFiniteLossError);
  return error as NonFiniteLossError;
}

/** Sets one number of a weight to NaN. @returns puts it back */
function poison(trainer: TinyTrainer): () => void {
  const bias = namedParameters(trainer.objective.unet).get('conv_out.bias')!;
  const healthy = bias.clone();
  tf.tidy(() => bias.assign(tf.tensor1d([NaN])));
  return () => {
    bias.assign(healthy);
    healthy.dispose();
  };
}

/** The identity, with NaN for a gradient. */
const brokenGradient = tf.customGrad((x) => ({
  value: (x as tf.Tensor).clone(),
  gradFunc: (dy: tf.Tensor) => tf.mul(dy, NaN),
}));

describe.each([
  ['traced', <T>(run: () => Promise<T>) => run()],
  ['op by op', withoutJit],
])('a step that is not finite (%s)', (_, run) => {
  it('stops with its number, changes nothing, and once mended the run goes on', async () => {
    await run(async () => {
      const straight = tinyTrainer();
      await straight.fit({ maxSteps: 3 });
      const trainer = tinyTrainer();
      await trainer.fit({ maxSteps: 2 });
      const heal = poison(trainer);
      const error = await failedStep(trainer);
      expect([error.step, error.loss, error.gradNorm]).toEqual([3, NaN, NaN]);
      expect(error.message).toMatch(
        /^Step 3: expected a finite loss and gradient, got loss NaN and gradient norm NaN\. /,
      );
      // A lower learning rate alone heals no weights that the steps before have spoilt.
      expect(error.message).toMatch(
        /Go back to a checkpoint or begin anew, with a lower learning rate or maxGradNorm: 1, and look for broken values in the data\.$/,
      );
      heal();
      await trainer.fit({ maxSteps: 3 });
      expect(everything(trainer)).toEqual(everything(straight));
    });
  });
});

it.each([4, 1])('a NaN in the gradient alone stops too, in micro-batches of %i', async (size) => {
  await withoutJit(async () => {
    const trainer = tinyTrainer({ microBatchSize: size, maxGradNorm: 1 });
    await trainer.fit({ maxSteps: 1 });
    const { unet } = trainer.objective;
    const forward = unet.forward.bind(unet);
    unet.forward = (...args) => brokenGradient(forward(...args)) as tf.Tensor4D;
    const error = await failedStep(trainer);
    expect(error.step).toBe(2);
    expect(error.loss).toBeLessThan(2);
    expect(error.gradNorm).toBeNaN();
  });
});

it('an infinite loss stops it', async () => {
  await withoutJit(async () => {
    const trainer = tinyTrainer();
    const huge = namedParameters(trainer.objective.unet).get('conv_out.weight')!;
    tf.tidy(() => huge.assign(tf.fill(huge.shape, 3e38)));
    const { step, loss } = await failedStep(trainer);
    expect([step, Number.isFinite(loss)]).toEqual([1, false]);
  });
});
