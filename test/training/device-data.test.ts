import ndarray from 'ndarray';
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DataLoader, type ImageDataset } from '../../lib/datasets/data-loader';
import { jit } from '../../lib/jit';
import { randint, randn } from '../../lib/random';
import { DeviceData, type BatchDraw } from '../../lib/training/device-data';
import { quickMnist } from '../support/tiny-model';

const options = { numTrainTimesteps: 1000, captionDropout: 0.25, offsetNoise: 0, nullIndex: 10 };
const keys = { noise: [1, 2], offset: [9, 9], timesteps: [3, 4], dropout: [5, 6] } as const;

function drawOf(indices: ArrayLike<number>, rows: ArrayLike<number>): BatchDraw {
  const int32 = (numbers: ArrayLike<number>) => tf.tensor1d(Int32Array.from(numbers), 'int32');
  return {
    indices: int32(indices),
    rows: int32(rows),
    noiseKey: int32(keys.noise),
    offsetKey: int32(keys.offset),
    timestepsKey: int32(keys.timesteps),
    dropoutKey: int32(keys.dropout),
  };
}

const numbers = (batch: Record<string, tf.Tensor>) =>
  Object.fromEntries(Object.entries(batch).map(([name, x]) => [name, [...x.dataSync()]]));

const order = (count: number) => Array.from({ length: count }, (_, i) => i);

it("gives the loader's images and labels, bit for bit", () => {
  const dataset = quickMnist();
  const [batch] = new DataLoader(dataset, { batchSize: 50, seed: 1 });
  const data = new DeviceData(dataset, { ...options, captionDropout: 0 });
  const drawn = tf.tidy(() => numbers({ ...data.draw(drawOf(batch!.indices, order(50))) }));
  expect(drawn['images']).toEqual([...batch!.images]);
  expect(drawn['labels']).toEqual([...batch!.labels]);
  data.dispose();
});

it('draws noise, time steps and dropped captions by the keys alone', () => {
  const dataset = quickMnist();
  const data = new DeviceData(dataset, options);
  tf.tidy(() => {
    const drawn = data.draw(drawOf(order(600), order(600)));
    const noise = randn([600, 28, 28, 1], keys.noise);
    expect(drawn.noise.dataSync()).toEqual(noise.dataSync());
    const timesteps = randint([600], 0, 1000, keys.timesteps);
    expect(drawn.timesteps.dataSync()).toEqual(timesteps.dataSync());
    const labels = [...drawn.labels.dataSync()];
    const dropped = labels.filter((label) => label === 10).length;
    expect(Math.abs(dropped - 150)).toBeLessThan(5 * Math.sqrt(600 * 0.25 * 0.75));
    labels.forEach((label, i) => {
      if (label !== 10) expect(label).toBe(dataset.labels[i]);
    });
  });
  data.dispose();
});

it('adds offset noise, one number for an image', () => {
  const data = new DeviceData(quickMnist(), { ...options, offsetNoise: 0.1 });
  const difference = tf.tidy(() => {
    const { noise } = data.draw(drawOf([3, 4], [0, 1]));
    const offset = randn([2, 1, 1, 1], keys.offset).mul(0.1);
    return tf
      .sub(noise, tf.add(randn([2, 28, 28, 1], keys.noise), offset))
      .abs()
      .max()
      .dataSync();
  });
  expect(difference[0]).toBeLessThan(1e-6);
  data.dispose();
});

it('draws the same numbers for a batch whole, in parts and traced', () => {
  const data = new DeviceData(quickMnist(), options);
  const indices = [7, 3, 9999, 0, 5];
  tf.tidy(() => {
    const draw = (rows: number[]) => ({ ...data.draw(drawOf(indices, rows)) });
    const whole = numbers(draw(order(5)));
    const parts = [draw([0, 1]), draw([2, 3]), draw([4])].map(numbers);
    for (const [name, values] of Object.entries(whole)) {
      expect(parts.flatMap((part) => part[name]!)).toEqual(values);
    }
    const traced = jit((input: BatchDraw) => ({ ...data.draw(input) }));
    expect(numbers(traced(drawOf(indices, order(5))))).toEqual(whole);
    traced.dispose();
  });
  data.dispose();
});

it('holds images of any size and number of channels', () => {
  const bytes = Uint8Array.from({ length: 2 * 3 * 3 * 3 }, (_, i) => (i * 37) % 256);
  const dataset: ImageDataset = {
    images: ndarray(bytes, [2, 3, 3, 3]),
    labels: Uint8Array.from([4, 2]),
    length: 2,
  };
  const data = new DeviceData(dataset, options);
  const images = tf.tidy(() => data.draw(drawOf([1, 0], [0, 1])).images.dataSync());
  const swapped = [...bytes.slice(27), ...bytes.slice(0, 27)];
  expect(images).toBeCloseToMax(
    Float32Array.from(swapped, (byte) => byte / 127.5 - 1),
    1e-6,
  );
  data.dispose();
});

it('leaks nothing', () => {
  const dataset = quickMnist();
  expect(() => {
    const data = new DeviceData(dataset, options);
    const draw = drawOf([1, 2, 3], [0, 2]);
    tf.dispose([{ ...data.draw(draw) }, { ...draw }]);
    data.dispose();
  }).toLeakNothing();
});
