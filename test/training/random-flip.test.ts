/** Mirrored images, drawn anew at each step: against torchvision's transform and the library's own random numbers. */
import ndarray from 'ndarray';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import type { ImageDataset } from '../../lib/datasets/data-loader';
import { RandomHorizontalFlip } from '../../lib/datasets/image-transforms';
import { normalize, toTensor } from '../../lib/datasets/transforms';
import { Generator, rand } from '../../lib/random';
import { disposeTrainers, losses, tinyObjective, tinyTrainer, withoutJit } from './tiny-trainer';

afterEach(disposeTrainers);

const COUNT = 12;
const SIDE = 8;
const bytes = Uint8Array.from({ length: COUNT * SIDE * SIDE }, (_, i) => (i * 37 + (i >> 3)) % 256);
const letters: ImageDataset = {
  images: ndarray(bytes, [COUNT, SIDE, SIDE]),
  captionIds: Int32Array.from({ length: COUNT }, (_, i) => i % 2),
  captions: ['a cat', 'a dog'],
  length: COUNT,
};
const randomFlip = true;

it('mirrors what is drawn below ½, as RandomHorizontalFlip does, and leaves the rest', () => {
  const objective = tinyObjective({ randomFlip }, { dataset: letters });
  expect(objective.streams).toContain('flip');
  const generator = new Generator(5);
  const chosen = Int32Array.from({ length: COUNT }, (_, i) => COUNT - 1 - i);
  const mirror = new RandomHorizontalFlip(1);
  tf.tidy(() => {
    const keys = Object.fromEntries(
      objective.streams.map((name) => [
        name,
        tf.tensor1d([...generator.stream(name).at(3)], 'int32'),
      ]),
    );
    const indices = tf.tensor1d(chosen, 'int32');
    const rows = tf.range(0, COUNT, 1, 'int32');
    const { latents } = objective.draw({ indices, rows }, keys);
    const draws = rand<tf.Rank.R1>([COUNT], keys['flip']!).dataSync();
    expect(new Set(draws.map((draw) => Number(draw < 0.5))).size).toBe(2);
    const expected = [...chosen].flatMap((row, i) => {
      const image = ndarray(bytes.slice(row * SIDE * SIDE, (row + 1) * SIDE * SIDE), [SIDE, SIDE]);
      const turned = draws[i]! < 0.5 ? mirror.forward(image, [1, 2]) : image;
      return [...normalize(toTensor(turned)).data];
    });
    expect([...latents.dataSync()]).toEqual(expected);
    expect(() => tf.dispose(objective.draw({ indices, rows }, keys))).toLeakNothing();
  });
});

it('is the same traced and op by op, and in micro-batches', async () => {
  const parts = { dataset: letters };
  const [traced, eager, micro, plain] = [
    tinyTrainer({ randomFlip }, parts),
    tinyTrainer({ randomFlip }, parts),
    tinyTrainer({ randomFlip, microBatchSize: 2 }, parts),
    tinyTrainer({}, parts),
  ];
  for (const trainer of [traced, micro, plain]) await trainer.fit({ maxSteps: 3 });
  await withoutJit(() => eager.fit({ maxSteps: 3 }));
  for (const other of [eager, micro]) {
    losses(other).forEach((loss, i) => expect(loss / losses(traced)[i]!).toBeCloseTo(1, 5));
  }
  expect(losses(plain)).not.toEqual(losses(traced));
});

it('is refused for digits, and no part of a run without it', () => {
  expect(() => tinyObjective({ randomFlip })).toThrow(
    /TextToImageObjective: randomFlip: .* got those of digits, by the caption 'A handwritten digit 0'/,
  );
  expect(() => tinyObjective({ randomFlip: 1 as unknown as boolean })).toThrow(
    /randomFlip: expected true or false, got 1/,
  );
  expect(tinyObjective().identity()).not.toHaveProperty('randomFlip');
  expect(tinyObjective().streams).not.toContain('flip');
  expect(tinyObjective({ randomFlip }, { dataset: letters }).identity()).toHaveProperty(
    'randomFlip',
    true,
  );
});
