/** The same training by 1, 2 and 4 processes, and what all workers decide alike. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { bfloat16Support } from '../../lib/backend/node/bfloat16';
import { trainTogether, type Outcome } from './workers';

vi.setConfig({ testTimeout: 600_000 });
const temporary = mkdtempSync(path.join(tmpdir(), 'together-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const weightsIn = (file: string) => new Float32Array(readFileSync(file).buffer);

/** The largest relative difference of losses (0) or of gradient norms (1). */
function difference(a: Outcome, b: Outcome, which: 0 | 1 = 0): number {
  expect(a.numbers.length).toBe(b.numbers.length);
  const ratios = a.numbers.map((numbers, step) => numbers[which] / b.numbers[step]![which]);
  return Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
}

/** The length of the difference, relative to that of the weights. */
function distance(a: Float32Array, b: Float32Array): number {
  let [sum, all] = [0, 0];
  a.forEach((x, i) => {
    sum += (x - b[i]!) ** 2;
    all += x ** 2;
  });
  return Math.sqrt(sum / all);
}

/** The first numbers that are not the same to the bit, and where they stand: what a failure is understood by. */
function firstDifferences(a: Float32Array, b: Float32Array) {
  const found: [index: number, one: number, other: number][] = [];
  a.forEach((x, i) => {
    if (found.length < 5 && !Object.is(x, b[i])) found.push([i, x, b[i]!]);
  });
  return found;
}

const options = { batchSize: 16, maxGradNorm: 1, ema: { decay: 0.9 } };

it('1, 2 and 4 workers have the same losses and weights within 1e-5 over 20 steps', async () => {
  const file = (count: number, index = 0) => path.join(temporary, `weights-${count}-${index}`);
  const save = (count: number) => (index: number) => file(count, index);
  const [alone] = await trainTogether(1, { options, save: save(1) });
  for (const count of [2, 4]) {
    const workers = await trainTogether(count, { options, save: save(count) });
    for (const [index, worker] of workers.entries()) {
      expect(worker.numbers).toEqual(workers[0]!.numbers);
      const weights = weightsIn(file(count, index));
      expect(firstDifferences(weights, weightsIn(file(count)))).toEqual([]);
      expect(worker.digest).toBe(workers[0]!.digest);
      expect(difference(worker, alone!)).toBeLessThan(1e-5);
      // One process on one core or on two differs by 6e-5 already.
      expect(difference(worker, alone!, 1)).toBeLessThan(1e-4);
    }
    expect(distance(weightsIn(file(count)), weightsIn(file(1)))).toBeLessThan(1e-5);
  }
});

it('rows that cannot be divided evenly, in micro-batches, give the same', async () => {
  const some = { ...options, batchSize: 7 };
  const [alone] = await trainTogether(1, { steps: 4, options: some });
  // How much a machine takes at once is its own affair.
  const own = (index: number) => ({ ...some, microBatchSize: index === 0 ? 1 : 2 });
  const workers = await trainTogether(3, { steps: 4, options: own });
  for (const worker of workers) expect(difference(worker, alone!)).toBeLessThan(1e-5);
});

it('a loss that is not finite on one worker is left out by all, or thrown by all', async () => {
  const bad = { ...options, learningRate: 1e30 };
  const skips = await trainTogether(2, {
    steps: 3,
    options: { ...bad, nonFinite: 'skip', maxSkippedSteps: 2 },
  });
  for (const { name, error } of skips) {
    expect(name).toBe('NonFiniteLossError');
    expect(error).toBe(skips[0]!.error);
  }
});

it('in bfloat16 on the wire all workers still have the same weights, near those of one', async () => {
  const [alone] = await trainTogether(1, { options });
  const workers = await trainTogether(2, {
    options: { ...options, gradientCompression: 'bfloat16' },
  });
  expect(workers[0]!.digest).toBe(workers[1]!.digest);
  // bfloat16 has 8 bits: each gradient is rounded by 0.4 % at most.
  expect(difference(workers[0]!, alone!)).toBeGreaterThan(1e-6);
  expect(difference(workers[0]!, alone!)).toBeLessThan(0.02);
});

it('in mixed precision all workers have the same weights, and losses near those in float32', async () => {
  const [alone] = await trainTogether(1, { steps: 6, options });
  const workers = await trainTogether(2, {
    steps: 6,
    options: { ...options, mixedPrecision: 'bf16' },
  });
  expect(workers[0]!.digest).toBe(workers[1]!.digest);
  const found = difference(workers[0]!, alone!);
  expect(found > 1e-5).toBe(bfloat16Support().isThere);
  expect(found).toBeLessThan(5e-3);
});

it('workers with other seeds are told so, all of them', async () => {
  const workers = await trainTogether(2, { options: (seed: number) => ({ ...options, seed }) });
  for (const { error } of workers) {
    expect(error).toMatch(/expected the same training on all workers, but they differ in config/);
  }
});
