/** A toy control net: residuals from a condition image, trained with a frozen UNet and sampled with. */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import type { ModelExtras } from '../../lib/conditioning/conditioning';
import type { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { gatherRows } from '../../lib/nn/gather-rows';
import { Conv2d } from '../../lib/nn/layers';
import { namedParameters } from '../../lib/nn/state-dict';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import type { BatchIndices, RandomKeys } from '../../lib/training/objective';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import { Trainer } from '../../lib/training/trainer';
import { quickMnist, tinyParts } from '../support/tiny-model';

/** Adds a convolution of the condition image to the first skip connection, zeros to the others. */
class ControlledUNet {
  readonly config;
  readonly controlnet: { readonly conv: Conv2d };
  constructor(private readonly unet: UNet2DConditionModel) {
    this.config = unet.config;
    const channels = unet.config.block_out_channels[0]!;
    this.controlnet = { conv: new Conv2d(1, channels, new Generator(4).stream('init')) };
    tf.tidy(() => {
      for (const v of namedParameters(this.controlnet).values()) v.assign(tf.zerosLike(v)); // no effect yet
    });
  }

  forward(x: tf.Tensor4D, t: tf.Tensor1D, text: tf.Tensor3D, { controlnetCond }: ModelExtras = {}) {
    const first = this.controlnet.conv.forward(controlnetCond as tf.Tensor4D);
    const [B] = x.shape;
    const others = [
      [28, 28, 16],
      [14, 14, 16],
      [14, 14, 32],
    ].map((shape) => tf.zeros([B, ...shape]));
    const residuals = [first, ...others] as tf.Tensor4D[];
    return this.unet.forward(x, t, text, { downBlockAdditionalResiduals: residuals });
  }
}

/** Draws each image's own upper half as the condition. */
class ControlObjective extends TextToImageObjective<ControlledUNet> {
  override readonly parameters = namedParameters({ controlnet: this.unet.controlnet });
  override draw(batch: BatchIndices, keys: RandomKeys) {
    const drawn = super.draw(batch, keys);
    const ink = tf.cast(tf.greater(drawn.latents, 0), 'float32');
    const mask = tf.less(tf.range(0, 28, 1, 'int32').reshape([1, 28, 1, 1]), 14);
    return { ...drawn, controlnetCond: tf.mul<tf.Tensor4D>(ink, tf.cast(mask, 'float32')) };
  }
}

it('learns with the UNet left as it is, and changes what is drawn', async () => {
  const { unet, scheduler, ...text } = tinyParts(1);
  const model = new ControlledUNet(unet);
  const parts = { unet: model, ...text, noiseScheduler: scheduler, dataset: quickMnist() };
  const trainer = new Trainer(new ControlObjective(parts), { batchSize: 8, seed: 1 });
  const before = unet.conv_in.weight.dataSync();
  await trainer.fit({ maxSteps: 3 });
  expect(unet.conv_in.weight.dataSync()).toEqual(before);
  const pipeline = new TextToImagePipeline({ unet: model, ...text, scheduler });
  const ones = tf.ones([2, 28, 28, 1]);
  const draw = (controlnetCond: tf.Tensor) =>
    pipeline.generate(['A handwritten digit 4', ''], {
      seed: 1,
      numInferenceSteps: 2,
      guidanceScale: 3,
      extras: { controlnetCond },
    });
  const [blank, full] = [await draw(tf.zerosLike(ones)), await draw(ones)];
  expect(full.images.data).not.toEqual(blank.images.data);
  await expect(draw(gatherRows(ones, tf.tensor1d([0], 'int32')))).rejects.toThrow(
    'extras.controlnetCond: expected a tensor [2, …], a row for each image, got [1, 28, 28, 1]',
  );
});
