/** A codec between pixels and what is diffused: images of half the size, by averaging. */
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import type { Codec } from '../../lib/models/codec';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import { Trainer } from '../../lib/training/trainer';
import { TINY_UNET } from '../support/tiny-configs';
import { disposeTrainers, tinyObjective } from '../training/tiny-trainer';

const halves: Codec = {
  latentShape: ([height, width, channels]) => [height / 2, width / 2, channels],
  encode: (images) => tf.avgPool(images, 2, 2, 'valid'),
  decode: (latents) => {
    const [, height, width] = latents.shape;
    return tf.image.resizeNearestNeighbor(latents, [2 * height, 2 * width]);
  },
};

afterEach(disposeTrainers);

it('is trained and sampled through, with noise and graphs of the small size', async () => {
  const unet = new UNet2DConditionModel(
    { ...TINY_UNET, sample_size: 14 },
    new Generator(2).stream('init'),
  );
  const objective = tinyObjective({}, { unet, codec: halves });
  const keys = Object.fromEntries(
    objective.streams.map((name) => [name, tf.tensor1d([1, 2], 'int32')] as const),
  );
  const rows = tf.tensor1d([0, 1, 2], 'int32');
  const drawn = objective.draw({ indices: rows, rows }, keys);
  expect([drawn.latents.shape, drawn.noise.shape]).toEqual([
    [3, 14, 14, 1],
    [3, 14, 14, 1],
  ]);
  tf.dispose([{ ...drawn }, keys, rows]);

  const trainer = new Trainer(objective, { batchSize: 4, seed: 1, learningRate: 2e-3 });
  const { steps } = await trainer.fit({ maxSteps: 20 });
  expect(steps.at(-1)!.loss).toBeLessThan(0.8 * steps[0]!.loss);

  const { textEncoder, tokenizer, noiseScheduler: scheduler } = objective;
  const pipeline = new TextToImagePipeline({
    unet,
    textEncoder,
    tokenizer,
    scheduler,
    codec: halves,
  });
  const options = { seed: 3, numInferenceSteps: 3 };
  const { images } = await pipeline.generate('A handwritten digit 4', options);
  expect(images.shape).toEqual([1, 28, 28, 1]);
  for (let y = 0; y < 28; y += 2) {
    for (let x = 0; x < 28; x += 2) {
      const block = [images.get(0, y, x, 0), images.get(0, y + 1, x + 1, 0)];
      expect(block[1]).toBe(block[0]);
    }
  }
  const wide = await pipeline.generate('A handwritten digit 4', { ...options, size: [20, 36] });
  expect(wide.images.shape).toEqual([1, 20, 36, 1]);
  [trainer, pipeline, unet].forEach((made) => made.dispose());
});
