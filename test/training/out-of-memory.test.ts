import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import { jit } from '../../lib/jit';
import { peakMemory } from '../support/peak-memory';
import { isOutOfMemory, OutOfMemoryError } from '../../lib/training/out-of-memory';
import { TrainStep } from '../../lib/training/train-step';
import { disposeTrainers, everything, losses, tinyTrainer, withoutJit } from './tiny-trainer';

afterEach(() => {
  vi.restoreAllMocks();
  disposeTrainers();
});
vi.setConfig({ testTimeout: 600_000 });

/** TensorFlow's own refusal of 4 TB, which no machine has. */
function refusal(product: (x: tf.Tensor2D) => tf.Tensor): unknown {
  try {
    tf.tidy(() => void product(tf.ones([1_000_000, 1])));
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}
const square = (x: tf.Tensor2D) => tf.matMul(x, x, false, true);

/** Micro-batches of more images than this are refused as TensorFlow refuses them. */
function limitImages(limit: number): void {
  const error = refusal(square);
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const accumulate = TrainStep.prototype.accumulate;
  vi.spyOn(TrainStep.prototype, 'accumulate').mockImplementation(function (
    this: TrainStep,
    ...args
  ) {
    if (args[0].rows.shape[0] > limit) throw error;
    return accumulate.apply(this, args);
  });
}

/** Runs something while the process may only take so many bytes more of address space. */
async function withMemory<T>(bytes: number, run: () => Promise<T>): Promise<T> {
  const size =
    Number(/VmSize:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  const limit = (soft: string) =>
    execFileSync('prlimit', ['--pid', String(process.pid), `--as=${soft}:unlimited`]);
  limit(String(size + bytes));
  try {
    return await run();
  } finally {
    limit('unlimited');
  }
}

it('is known by what TensorFlow says, op by op and in a graph; nothing leaks', () => {
  const traced = jit(square);
  for (const product of [square, traced]) {
    expect(isOutOfMemory(refusal(product))).toBe(true);
    expect(() => void refusal(product)).toLeakNothing();
  }
  expect(isOutOfMemory(new Error('Invalid TF_Status: 3'))).toBe(false);
  traced.dispose();
});

it('names the micro-batch to try; the weights are untouched, and a smaller one trains', async () => {
  await withoutJit(async () => {
    limitImages(3);
    const trainer = tinyTrainer({ batchSize: 12, microBatchSize: 10 });
    const before = everything(trainer);
    const tensors = tf.memory().numTensors;
    const error: unknown = await trainer.fit({ maxSteps: 1 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({ step: 1, microBatchSize: 10, suggestion: 8 });
    expect((error as Error).message).toBe(
      'Step 1: out of memory with 10 samples at once (a tensor of shape [1000000,1000000]). The weights ' +
        "are as before the step. Try microBatchSize: 8, which computes the same in parts, or 'auto'.",
    );
    expect(everything(trainer)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors);
    await tinyTrainer({ batchSize: 12, microBatchSize: 3 }).fit({ maxSteps: 1 });
  });
});

describe("microBatchSize: 'auto'", () => {
  it('halves until it fits, and computes the same', async () => {
    await withoutJit(async () => {
      const explicit = tinyTrainer({ batchSize: 12, microBatchSize: 4 });
      await explicit.fit({ maxSteps: 2 });
      limitImages(4);
      const trainer = tinyTrainer({ batchSize: 12, microBatchSize: 'auto' });
      await trainer.fit({ maxSteps: 2 });
      expect(trainer.microBatchSize).toBe(4);
      expect(losses(trainer)).toEqual(losses(explicit));
    });
  });

  it('takes the whole batch where it fits, and leaves no trace', async () => {
    await withoutJit(async () => {
      const [auto, whole] = [
        tinyTrainer({ batchSize: 32, microBatchSize: 'auto' }),
        tinyTrainer({ batchSize: 32 }),
      ];
      expect(auto.microBatchSize).toBeUndefined();
      await auto.fit({ maxSteps: 2 });
      await whole.fit({ maxSteps: 2 });
      expect(auto.microBatchSize).toBe(32); // a few hundred megabytes
      const state = everything(whole);
      // The option itself is kept as it was given.
      expect(everything(auto)).toEqual({
        ...state,
        options: { ...state.options, microBatchSize: 'auto' },
      });
    });
  });

  it('gives up where not one image fits', async () => {
    await withoutJit(async () => {
      limitImages(0);
      const trainer = tinyTrainer({ batchSize: 2, microBatchSize: 'auto' });
      await expect(trainer.fit({ maxSteps: 1 })).rejects.toThrow(
        /out of memory with 1 samples .* take a smaller model\./,
      );
    });
  });
});

describe('a limit of the process (ulimit -v)', () => {
  it('a batch that it cannot hold is refused by both numbers; the suggested one trains', async () => {
    const trainer = tinyTrainer({ batchSize: 4096 });
    const before = everything(trainer);
    const error: unknown = await withMemory(4e9, () => trainer.fit({ maxSteps: 1 })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(OutOfMemoryError);
    const { message, suggestion } = error as OutOfMemoryError;
    expect(message).toMatch(
      /^Step 1: out of memory with 4096 samples at once \(about \d+\.\d GB would be needed, [34]\.\d GB are free\)/,
    );
    expect(message).toContain(`Try microBatchSize: ${suggestion}, which`);
    expect(everything(trainer)).toEqual(before);
    const smaller = tinyTrainer({ batchSize: suggestion! });
    await withMemory(4e9, () => smaller.fit({ maxSteps: 1 }));
    expect(smaller.step).toBe(1);
  });

  it("'auto' stays within half of it", async () => {
    const trainer = tinyTrainer({ batchSize: 512, microBatchSize: 'auto' });
    await withMemory(0.8e9, () => trainer.fit({ maxSteps: 1 }));
    expect(trainer.microBatchSize).toBeLessThan(512);
    expect(trainer.microBatchSize).toBeGreaterThan(16);
  });
});

it('the peak of memory is measured', () => {
  const megabytes = (count: number) => peakMemory(() => void Buffer.alloc(count * 1e6, 1))! / 1e6;
  expect(megabytes(400)).toBeGreaterThan(350);
  expect(megabytes(400)).toBeLessThan(500);
});
