/** Training on images that stay in a file, and on several captions of an image. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ndarray from 'ndarray';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { BatchSampler } from '../../lib/datasets/batch-sampler';
import type { ImageDataset } from '../../lib/datasets/data-loader';
import { ImageFile, type StreamedDataset } from '../../lib/datasets/streamed-images';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { addAdapter } from '../../lib/nn/lora/adapters';
import { Generator } from '../../lib/random';
import { AdapterObjective } from '../../lib/training/adapter-objective';
import { CaptionChoices } from '../../lib/training/caption-choices';
import type { Objective } from '../../lib/training/objective';
import { Trainer } from '../../lib/training/trainer';
import { ATTENTION } from '../support/lora';
import { TINY_UNET } from '../support/tiny-configs';
import { disposeTrainers, tinyObjective } from './tiny-trainer';

const folder = mkdtempSync(path.join(tmpdir(), 'streamed-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(disposeTrainers);

const SIZE = 8;
const COUNT = 30;
const random = new Generator(4).stream('data');
const bytes = tf.tidy(() =>
  Uint8Array.from(
    { length: COUNT * SIZE * SIZE * 3 },
    (_, i) => (i * 7919 + (random.at(i)[0] & 63)) & 255,
  ),
);
const words = {
  captionIds: Int32Array.from({ length: COUNT }, (_, i) => i % 3),
  captions: ['red', 'green', 'blue'],
  length: COUNT,
};
const resident: ImageDataset = { ...words, images: ndarray(bytes, [COUNT, SIZE, SIZE, 3]) };
const file = path.join(folder, 'pixels.bin');
writeFileSync(file, bytes);

function streamed(): StreamedDataset {
  const source = new ImageFile(file, [COUNT, SIZE, SIZE, 3]);
  afterAll(() => source.close());
  return { ...words, source, sha256: 'x' };
}

async function losses(
  dataset: ImageDataset | StreamedDataset,
  cuts: readonly number[],
  microBatchSize?: number,
  isAdapted = false,
) {
  const config = { ...TINY_UNET, sample_size: SIZE, in_channels: 3, out_channels: 3 };
  const unet = new UNet2DConditionModel(config, new Generator(1).stream('init'));
  const inner = tinyObjective({}, { unet, dataset: dataset as ImageDataset });
  if (isAdapted) addAdapter(unet, { r: 2, targetModules: ATTENTION }, 'style');
  const objective = isAdapted ? new AdapterObjective(inner, 'style') : inner;
  const trainer = new Trainer<Objective>(objective, {
    batchSize: 8,
    learningRate: 1e-3,
    seed: 2,
    ...(microBatchSize && { microBatchSize }),
  });
  for (const maxSteps of cuts) await trainer.fit({ maxSteps });
  const { steps } = trainer.history;
  trainer.dispose();
  return steps.map(({ loss }) => loss);
}

describe('images in a file', () => {
  it('give the losses of images in memory to the bit, over epochs and stops', async () => {
    const expected = await losses(resident, [8]);
    expect(await losses(streamed(), [8])).toEqual(expected);
    expect(await losses(streamed(), [1, 3, 4, 8])).toEqual(expected);
    const adapted = await losses(resident, [4], undefined, true);
    expect(await losses(streamed(), [4], undefined, true)).toEqual(adapted);
    expect(new Set(expected).size).toBe(8);
  });

  it('and in micro-batches', async () => {
    expect(await losses(streamed(), [3], 4)).toEqual(await losses(resident, [3], 4));
  });

  it('a file of another size is refused', () => {
    expect(() => new ImageFile(file, [COUNT + 1, SIZE, SIZE, 3])).toThrow(
      /expected 5952 bytes .* found 5760/,
    );
  });
});

it('the sampler tells the next batch without moving', () => {
  const sampler = new BatchSampler(20, { batchSize: 6, seed: 1 });
  const order = [...new BatchSampler(20, { batchSize: 6, seed: 1 })].map((batch) => [...batch]);
  const told: (number[] | undefined)[] = [];
  const given: number[][] = [];
  for (const batch of sampler) {
    given.push([...batch]);
    const next = sampler.peek();
    told.push(next && [...next]);
  }
  expect(given).toEqual(order);
  expect(told).toEqual([order[1], order[2], undefined]);
});

describe('several captions of an image', () => {
  const captionChoices = [Int32Array.of(4, 2), Int32Array.of(1), Int32Array.of(3, 0, 4)];
  const captionIds = Int32Array.of(4, 1, 3);

  it('each is drawn as often as the others; without a draw the first', () => {
    const choices = new CaptionChoices({ captionIds, captionChoices });
    const images = Int32Array.from({ length: 3000 }, (_, i) => i % 3);
    const place = Float32Array.from({ length: 3000 }, (_, i) => Math.floor(i / 3) / 1000);
    tf.tidy(() => {
      const at = tf.tensor1d(images, 'int32');
      const drawn = choices.gather(at, tf.tensor1d(place)).dataSync();
      const counts = [0, 1, 2].map((image) => {
        const own = [...drawn].filter((_, i) => i % 3 === image);
        return [...captionChoices[image]!].map((id) => own.filter((other) => other === id).length);
      });
      expect(counts).toEqual([[500, 500], [1000], [334, 333, 333]]);
      expect([...choices.gather(at, undefined).dataSync().subarray(0, 3)]).toEqual([4, 1, 3]);
    });
    choices.dispose();
  });

  it('are an extra stream of the objective, only where there are some', () => {
    const dataset = {
      ...resident,
      captionChoices: Array.from({ length: COUNT }, () => Int32Array.of(0, 1)),
    };
    const config = { ...TINY_UNET, sample_size: SIZE, in_channels: 3, out_channels: 3 };
    const unet = new UNet2DConditionModel(config, new Generator(1).stream('init'));
    expect(tinyObjective({}, { unet, dataset }).streams).toContain('captions');
    expect(tinyObjective({}, { unet, dataset: resident }).streams).not.toContain('captions');
  });
});
