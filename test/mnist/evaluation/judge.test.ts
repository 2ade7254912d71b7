import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ndarray from 'ndarray';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../../lib/backend';
import { loadMnist, type MnistDataset } from '../../../lib/mnist/mnist';
import { toTensor } from '../../../lib/datasets/transforms';
import type { Comparison } from '../../../lib/mnist/evaluation/compare';
import { unitImages } from '../../../lib/mnist/evaluation/generated-images';
import { FEATURES, Judge } from '../../../lib/mnist/evaluation/judge';
import { judgeAccuracy, trainJudge } from '../../../lib/mnist/evaluation/train-judge';
import { realReference } from '../../../lib/mnist/evaluation/evaluate';
import { SHIPPED_JUDGE } from '../../../lib/mnist/shipped';
import { sanityRows } from '../../../lib/mnist/evaluation/sanity';

const folder = mkdtempSync(path.join(tmpdir(), 'judge-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The first images of a data set. */
function first(dataset: MnistDataset, count: number): MnistDataset {
  const pixels = dataset.images.data.slice(0, count * 784);
  return {
    ...dataset,
    images: ndarray(pixels, [count, 28, 28]),
    captionIds: dataset.captionIds.slice(0, count),
    labels: dataset.labels.slice(0, count),
    length: count,
  };
}

describe('the judge in checkpoints/judge', () => {
  let judge: Judge;
  let test: MnistDataset;
  beforeAll(() => {
    judge = Judge.load(SHIPPED_JUDGE);
    test = loadMnist({ split: 'test', source: 'full' });
  });
  afterAll(() => judge.dispose());

  it('reads at least 99.3 % of the test images, as its card says', () => {
    const accuracy = judgeAccuracy(judge, test);
    expect(accuracy).toBeGreaterThanOrEqual(0.993);
    expect(accuracy).toBeCloseTo(judge.card.testAccuracy, 3);
  });

  it('sees real images as real, shuffled prompts as chance, noise as far away', async () => {
    const rows = new Map(await sanityRows(judge, await realReference(judge, test, 500)));
    const [real, shuffled, noise] = [...rows.values()] as [Comparison, Comparison, Comparison];
    expect(real.overall.share).toBeGreaterThan(0.98);
    expect(real.frechetRatio).toBeCloseTo(1, 0);
    expect(real.diversityRatio).toBeCloseTo(1, 1);
    expect(shuffled.overall.share).toBeLessThan(0.16);
    expect(shuffled.overall.share).toBeGreaterThan(0.05);
    expect(noise.overall.share).toBeLessThan(0.3);
    expect(noise.frechetRatio).toBeGreaterThan(20);
    expect(noise.coverage).toBeLessThan(0.1);
  });

  it('says the same of an image alone and among others, whatever stands beside it', () => {
    const images = toTensor(first(test, 3).images);
    const together = judge.judge(images);
    const alone = judge.judge(ndarray(images.data.slice(0, 784), [1, 28, 28, 1]));
    expect(alone.features).toBeCloseToMax(together.features.slice(0, FEATURES), 1e-5);
    expect(together.predictions).toEqual(test.labels.slice(0, 3));
  });

  it('looks at 8-bit pictures', () => {
    const blank = judge.judge(ndarray(new Float32Array(784), [1, 28, 28]));
    const almost = judge.judge(ndarray(new Float32Array(784).fill(0.0019), [1, 28, 28]));
    expect(almost.features).toEqual(blank.features);
  });

  it('refuses other shapes and values', () => {
    expect(() => judge.judge(ndarray(new Float32Array(64), [1, 8, 8]))).toThrow(
      'expected images [N, 28, 28, 1], got [1, 8, 8].',
    );
    const bright = ndarray(new Float32Array(784).fill(1.5), [1, 28, 28]);
    expect(() => judge.judge(bright)).toThrow('expected values in [0, 1], got 1.5.');
  });

  it('leaks nothing', () => {
    expect(() => judge.judge(unitImages(new Uint8Array(784)))).toLeakNothing();
  });
});

it('refuses weights that are not those of its card', () => {
  cpSync(SHIPPED_JUDGE, folder, { recursive: true });
  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  expect(() => Judge.load(folder)).toThrow(/expected SHA-256 [0-9a-f]{64} as in judge/);
});

it('learns, is saved and loaded, and can be stopped', async () => {
  const quick = loadMnist({ split: 'train', source: 'quick' });
  const data = { train: first(quick, 1200), test: quick };
  const judge = await trainJudge(data, { epochs: 2, batchSize: 40 });
  expect(judge.card.testAccuracy).toBeGreaterThan(0.7); // 0.1 by chance
  const card = judge.save(path.join(folder, 'own'));
  const loaded = Judge.load(path.join(folder, 'own'));
  expect(loaded.card).toEqual(card);
  const images = toTensor(first(quick, 5).images);
  expect(loaded.judge(images).features).toEqual(judge.judge(images).features);
  judge.dispose();
  loaded.dispose();

  const stop = new AbortController();
  const steps: number[] = [];
  const onStep = ({ step }: { step: number }) => {
    steps.push(step);
    if (step === 2) stop.abort();
  };
  const before = tf.memory().numTensors;
  const cut = trainJudge(data, { signal: stop.signal, onStep });
  await expect(cut).rejects.toThrow('aborted');
  expect(tf.memory().numTensors).toBe(before);
  expect(steps).toEqual([1, 2]);
});
