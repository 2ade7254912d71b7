/** Random masks, and a training of an inpainting UNet on them. */
import ndarray from 'ndarray';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { inpaintingUNet } from '../../lib/models/inpainting-unet';
import { stateDict } from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { InpaintPipeline } from '../../lib/pipelines/inpaint';
import { InpaintingObjective } from '../../lib/training/inpainting-objective';
import { latestCheckpoint } from '../../lib/training/checkpoints';
import { masksOf, randomMasks } from '../../lib/training/random-masks';
import { Trainer } from '../../lib/training/trainer';
import { temporaryFolder } from '../parity/python';
import { tinyParts } from '../support/tiny-model';
import { firstImages } from './tiny-trainer';

const made: { dispose(): void }[] = [];
afterEach(() => made.splice(0).forEach((thing) => thing.dispose()));

/** Rows as texts of 0 and 1. */
function textOf(drawn: readonly number[], height: number, width: number): string[] {
  return tf.tidy(() => {
    const masks = masksOf(tf.tensor2d([[...drawn]]), height, width).dataSync();
    return Array.from({ length: height }, (_, y) =>
      Array.from(masks.slice(y * width, (y + 1) * width)).join(''),
    );
  });
}

it('draws rectangles and ellipses by height, width, place and kind', () => {
  // of 4 rows 2, of 5 columns 3; the second row, the third column
  expect(textOf([0.5, 0.5, 0.4, 0.9, 0], 4, 5)).toEqual(['00000', '00111', '00111', '00000']);
  expect(textOf([0.99, 0.99, 0.5, 0.5, 0.49], 3, 3)).toEqual(['111', '111', '111']); // all
  expect(textOf([0, 0.99, 0, 0, 0], 2, 2)).toEqual(['00', '00']); // nothing
  expect(textOf([0.99, 0.99, 0.5, 0.5, 0.5], 5, 5)).toEqual([
    '01110',
    '11111',
    '11111',
    '11111',
    '01110',
  ]);
  expect(textOf([0, 0, 0.99, 0.99, 0.9], 3, 3)).toEqual(['000', '000', '000']);
});

it('has sizes from none to all, and both kinds', () => {
  const key = new Generator(3).stream('masks').at(0);
  expect(() => randomMasks([4, 4, 4], key).dispose()).toLeakNothing();
  const shares = tf.tidy(() => [...randomMasks([4000, 4, 4], key).mean([1, 2, 3]).dataSync()]);
  const mean = shares.reduce((sum, x) => sum + x, 0) / shares.length;
  // Rectangles: 1/2 · 1/2. Of the ellipses only those of 4 × 4, 4 × 3 and 3 × 4 lose their corners: 4 pixels of 25 sizes each.
  expect(Math.abs(mean - (0.25 - (0.5 * 3 * 4) / 16 / 25))).toBeLessThan(0.015);
  const shareOf = (value: number) => shares.filter((x) => x === value).length / 4000;
  expect(Math.abs(shareOf(0) - 9 / 25)).toBeLessThan(0.03);
  expect(Math.abs(shareOf(1) - 0.5 / 25)).toBeLessThan(0.01);
});

function objectiveOf(wide = true) {
  const { scheduler: noiseScheduler, ...models } = tinyParts(1);
  const unet = wide ? inpaintingUNet(models.unet) : models.unet;
  made.push(models.unet, models.textEncoder, ...(wide ? [unet] : []));
  const parts = { ...models, unet, noiseScheduler, dataset: firstImages(8) };
  const objective = new InpaintingObjective(parts);
  made.push(objective);
  return objective;
}

it('masks the pictures that it trains on, and leaves the noise as it was', () => {
  const objective = objectiveOf();
  tf.tidy(() => {
    const indices = tf.tensor1d([3, 1, 4], 'int32');
    const generator = new Generator(5);
    const keys = Object.fromEntries(
      objective.streams.map((name) => [
        name,
        tf.tensor1d([...generator.stream(name).at(1)], 'int32'),
      ]),
    );
    const whole = objective.draw({ indices, rows: tf.tensor1d([0, 1, 2], 'int32') }, keys);
    const { latents, mask, maskedImageLatents } = whole;
    const expected = tf.mul(latents, tf.sub(1, mask));
    expect(maskedImageLatents.dataSync()).toEqual(expected.dataSync());
    expect(new Set(mask.dataSync())).toEqual(new Set([0, 1]));
    const last = objective.draw({ indices, rows: tf.tensor1d([2], 'int32') }, keys);
    for (const name of ['mask', 'maskedImageLatents', 'noise'] as const) {
      expect(last[name].dataSync()).toEqual(whole[name].slice([2]).dataSync());
    }
  });
});

it('trains, is resumed to the bit, and draws from its checkpoint', async () => {
  const folder = temporaryFolder();
  const options = { batchSize: 4, learningRate: 2e-3, seed: 5 };
  const [straight, cut, later] = [0, 1, 2].map(() => new Trainer(objectiveOf(), options));
  await straight!.fit({ maxSteps: 3 });
  await cut!.fit({ maxSteps: 2 });
  saveTraining(folder, cut!);
  expect(resumeTraining(folder, later!)).toBe(2);
  await later!.fit({ maxSteps: 3 });
  const weights = ({ objective }: Trainer) => [...stateDict(objective.parts['unet']!)];
  expect(weights(later!)).toEqual(weights(straight!));
  made.push(straight!, cut!, later!);
  const pipeline = InpaintPipeline.fromPretrained(latestCheckpoint(folder)!);
  const bytes = firstImages(1).images.data.slice(0, 784);
  const image = ndarray(bytes, [28, 28]);
  const mask = ndarray(
    bytes.map((_, i) => (i % 2) * 255),
    [28, 28],
  );
  const given = { image, mask, seed: 1, numInferenceSteps: 2, size: [28, 28] as const };
  const { images } = await pipeline.generate('A handwritten digit 4', given);
  bytes.forEach((byte, i) => {
    if (i % 2 === 0) expect(images.data[i]).toBe(Math.fround(byte / 255));
  });
  pipeline.dispose();
});

it('refuses a UNet that does not see the mask', () => {
  expect(() => objectiveOf(false)).toThrow(
    'InpaintingObjective: expected a UNet with 2 · C + 1 channels in and C out (inpaintingUNet makes one of a trained one), ' +
      'got 1 in and 1 out.',
  );
});
