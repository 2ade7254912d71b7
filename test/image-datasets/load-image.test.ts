/** A picture from a file, and a pipeline that takes it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { DatasetError } from '../../lib/image-datasets/errors';
import { loadImage } from '../../lib/image-datasets/load-image';
import * as sd from '../../lib';
import { temporaryFolder } from '../parity/python';
import { tinyParts } from '../support/tiny-model';

const folder = temporaryFolder();
const file = path.join(folder, 'digit.png');
const { images } = sd.loadMnist({ split: 'train', source: 'quick' });

it('gives back the bytes that were saved, grey or as three equal channels', async () => {
  const digit = images.at(3)!;
  await digit.save(file);
  const grey = await loadImage(file, { channels: 1 });
  expect([...grey.shape]).toEqual([28, 28, 1]);
  const expected = [...images.data.subarray(3 * 784, 4 * 784)];
  expect([...grey.data]).toEqual(expected);
  const { data, shape } = await loadImage(file);
  expect([...shape]).toEqual([28, 28, 3]);
  expect([...data]).toEqual(expected.flatMap((x) => [x, x, x]));
});

it('resizes as Resize does', async () => {
  const small = await loadImage(file, { channels: 1, size: [14, 7] });
  const resize = new sd.Resize([14, 7], { interpolation: 'lanczos' });
  const whole = await loadImage(file, { channels: 1 });
  const expected = resize.forward(whole as unknown as sd.ImageArray);
  expect([...small.data]).toEqual([...expected.data]);
});

it('is what a pipeline draws on', async () => {
  const pipeline = sd.ImageToImagePipeline.fromPipe(new sd.TextToImagePipeline(tinyParts(1)));
  const options = { seed: 1, numInferenceSteps: 2, size: [28, 28] as const };
  const drawn = await pipeline.generate('A handwritten digit 3', {
    ...options,
    image: await loadImage(file, { channels: 1 }),
  });
  const same = await pipeline.generate('A handwritten digit 3', {
    ...options,
    image: images.at(3)!,
  });
  expect(drawn.images.data).toEqual(same.images.data);
});

it('refuses what is no picture, not there, or not asked for rightly', async () => {
  const text = path.join(folder, 'text.png');
  writeFileSync(text, 'I am no image');
  await expect(loadImage(text)).rejects.toThrow(DatasetError);
  await expect(loadImage(text)).rejects.toThrow(/text\.png.*begins with "I am no image"/s);
  await expect(loadImage(path.join(folder, 'none.png'))).rejects.toThrow(/no such file/);
  const bad = { size: 0, channels: 4, backgrund: 1 } as object;
  await expect(loadImage(file, bad)).rejects.toThrow(
    /loadImage: size: expected .*; channels: expected 1 or 3, got 4; backgrund: unknown option/,
  );
});
