/** A colourful data set of 1,000 distinct captions: trained in one graph, each image by its own caption. */
import ndarray from 'ndarray';
import { afterEach, expect, it, vi } from 'vitest';
import { tf } from '../../lib/backend';
import type { ImageDataset } from '../../lib/datasets/data-loader';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import { Trainer } from '../../lib/training/trainer';
import { TINY_UNET } from '../support/tiny-configs';
import { disposeTrainers, tinyObjective } from '../training/tiny-trainer';

const COUNT = 1000;
const SIZE = 12;

/** Image i is of one colour, which its caption says. */
function colours(): ImageDataset {
  const colourOf = (i: number) => [i % 10, Math.floor(i / 10) % 10, Math.floor(i / 100)];
  const pixel = (i: number, channel: number) => 25 * colourOf(i)[channel]!;
  const bytes = Uint8Array.from({ length: COUNT * SIZE * SIZE * 3 }, (_, at) =>
    pixel(Math.floor(at / (SIZE * SIZE * 3)), at % 3),
  );
  return {
    images: ndarray(bytes, [COUNT, SIZE, SIZE, 3]),
    captionIds: Int32Array.from({ length: COUNT }, (_, i) => i),
    captions: Array.from({ length: COUNT }, (_, i) => `red ${colourOf(i).join(' ')}`),
    length: COUNT,
  };
}

afterEach(disposeTrainers);

it('encodes the captions of the batch only, in one shape, and learns', async () => {
  const channels = { sample_size: SIZE, in_channels: 3, out_channels: 3 };
  const unet = new UNet2DConditionModel(
    { ...TINY_UNET, ...channels },
    new Generator(1).stream('init'),
  );
  const encoded = vi.spyOn(CLIPTextModel.prototype, 'lastHiddenState');
  const objective = tinyObjective({ captionDropout: 0.1 }, { unet, dataset: colours() });
  const trainer = new Trainer(objective, { batchSize: 16, learningRate: 2e-3, seed: 1 });
  const { steps } = await trainer.fit({ maxSteps: 60 });
  expect(new Set(encoded.mock.calls.map(([ids]) => ids.shape.join())).has('16,8')).toBe(true);
  expect(encoded.mock.calls.every(([ids]) => ids.shape[0] === 16)).toBe(true); // never all 1,000
  const mean = (logs: typeof steps) => logs.reduce((sum, { loss }) => sum + loss, 0) / logs.length;
  expect(mean(steps.slice(-10))).toBeLessThan(0.7 * mean(steps.slice(0, 10)));

  const { textEncoder, tokenizer, noiseScheduler: scheduler } = objective;
  const pipeline = new TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler });
  const { images } = await pipeline.generate('red 9 0 0', { seed: 1, numInferenceSteps: 2 });
  expect(images.shape).toEqual([1, SIZE, SIZE, 3]);
  [trainer, pipeline, unet].forEach((made) => made.dispose());
});

it('gives each image the embedding of its own caption', () => {
  const objective = tinyObjective({}, { dataset: colours() });
  const { tokenizer, textEncoder } = objective;
  tf.tidy(() => {
    const ids = [3, 999, 3, 1000]; // the last stands for no caption
    const found = objective['captions'].encoderHiddenStates(tf.tensor1d(ids, 'int32'));
    const texts = ids.map((id) => colours().captions[id] ?? '');
    const { input_ids } = tokenizer.encode(texts, { maxLength: 8 });
    const expected = textEncoder.lastHiddenState(tf.tensor2d(input_ids, [4, 8], 'int32'));
    expect(found.dataSync()).toBeCloseToMax(expected.dataSync(), 1e-6);
  });
});
