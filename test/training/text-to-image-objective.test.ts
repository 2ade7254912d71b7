import ndarray from 'ndarray';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DataLoader, type ImageDataset } from '../../lib/datasets/data-loader';
import { jit } from '../../lib/jit';
import { randint, randn } from '../../lib/random';
import { DeviceImages } from '../../lib/training/device-images';
import type { TextToImageOptions } from '../../lib/training/text-to-image-options';
import type { StepInput } from '../../lib/training/train-step';
import { quickMnist } from '../support/tiny-model';
import { disposeTrainers, inputOf, KEYS as keys, tinyObjective } from './tiny-trainer';

afterEach(disposeTrainers);

const objectiveOf = (options: TextToImageOptions = { captionDropout: 0.25 }) => {
  const objective = tinyObjective(options);
  const draw = (indices: ArrayLike<number>, rows: ArrayLike<number>) => {
    const { keys, ...batch } = inputOf(indices, rows);
    return { ...objective.draw(batch, keys) };
  };
  return { objective, draw };
};

const numbers = (batch: Record<string, tf.Tensor>) =>
  Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, [...x.dataSync()]]));

const order = (count: number) => Array.from({ length: count }, (_, i) => i);

it("draws the loader's images and captions, bit for bit", () => {
  const [batch] = new DataLoader(quickMnist(), { batchSize: 50, seed: 1 });
  const { draw } = objectiveOf({});
  const drawn = tf.tidy(() => numbers(draw(batch!.indices, order(50))));
  expect(drawn['latents']).toEqual([...batch!.images]);
  expect(drawn['captionIds']).toEqual([...batch!.captionIds]);
});

it('draws noise, time steps and dropped captions by the keys alone', () => {
  const { draw } = objectiveOf();
  tf.tidy(() => {
    const drawn = draw(order(600), order(600));
    const noise = randn([600, 28, 28, 1], keys.noise);
    expect(drawn.noise.dataSync()).toEqual(noise.dataSync());
    const timesteps = randint([600], 0, 1000, keys.timesteps);
    expect(drawn.timesteps.dataSync()).toEqual(timesteps.dataSync());
    const ids = [...drawn.captionIds.dataSync()];
    const dropped = ids.filter((id) => id === 10).length;
    expect(Math.abs(dropped - 150)).toBeLessThan(5 * Math.sqrt(600 * 0.25 * 0.75));
    ids.forEach((id, i) => {
      if (id !== 10) expect(id).toBe(quickMnist().labels[i]);
    });
  });
});

it('adds offset noise, one number for an image', () => {
  const { draw } = objectiveOf({ offsetNoise: 0.1 });
  const difference = tf.tidy(() => {
    const { noise } = draw([3, 4], [0, 1]);
    const offset = randn([2, 1, 1, 1], keys.offset).mul(0.1);
    return tf
      .sub(noise, tf.add(randn([2, 28, 28, 1], keys.noise), offset))
      .abs()
      .max()
      .dataSync();
  });
  expect(difference[0]).toBeLessThan(1e-6);
});

it('draws the same numbers for a batch whole, in parts and traced', () => {
  const { objective, draw } = objectiveOf();
  const indices = [7, 3, 9999, 0, 5];
  tf.tidy(() => {
    const whole = numbers(draw(indices, order(5)));
    const parts = [[0, 1], [2, 3], [4]].map((rows) => numbers(draw(indices, rows)));
    for (const [name, values] of Object.entries(whole)) {
      expect(parts.flatMap((part) => part[name]!)).toEqual(values);
    }
    const traced = jit(({ keys, ...batch }: StepInput) => ({ ...objective.draw(batch, keys) }));
    expect(numbers(traced(inputOf(indices, order(5))))).toEqual(whole);
    traced.dispose();
  });
});

it('holds images of any size and number of channels', () => {
  const bytes = Uint8Array.from({ length: 2 * 3 * 3 * 3 }, (_, i) => (i * 37) % 256);
  const images: ImageDataset['images'] = ndarray(bytes, [2, 3, 3, 3]);
  const device = new DeviceImages(images);
  const swapped = [...bytes.slice(27), ...bytes.slice(0, 27)];
  const found = tf.tidy(() => device.gather(tf.tensor1d([1, 0], 'int32')).dataSync());
  expect(found).toBeCloseToMax(
    Float32Array.from(swapped, (byte) => byte / 127.5 - 1),
    1e-6,
  );
  device.dispose();
});

it('leaks nothing', () => {
  expect(() => {
    const { draw } = objectiveOf();
    tf.tidy(() => void draw([1, 2, 3], [0, 2]));
    disposeTrainers();
  }).toLeakNothing();
});

it('options given as undefined are the defaults', () => {
  const names = Object.keys(tinyObjective().options);
  expect(names).toContain('timestepBiasStrategy');
  const undefineds = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(tinyObjective(undefineds).options).toEqual(tinyObjective().options);
});

it('keeps the length of its captions with the tokenizer', () => {
  const { tokenizer } = tinyObjective({ maxLength: 16 });
  expect(tokenizer.modelMaxLength).toBe(16);
  expect(tinyObjective().tokenizer.modelMaxLength).toBe(8);
});
