import { tf } from '../backend';
import type { TextEncoder } from '../conditioning/text-encoder';
import type { CLIPTextModel } from '../models/clip-text-model';
import { isInpaintingConfig, type ChannelConfig } from '../models/inpainting-unet';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { Scheduler } from '../schedulers/scheduler';
import { ofRows } from './batch-rows';
import type { BatchIndices, RandomKeys } from './objective';
import { randomMasks } from './random-masks';
import { TextToImageObjective } from './text-to-image-objective';
import type { TextToImageOptions } from './text-to-image-options';
import type {
  TextToImageBatch,
  TextToImageTrainingParts,
  TrainedModel,
} from './text-to-image-parts';

/** A model that says how many channels it takes. */
export type InpaintedModel = TrainedModel & { readonly config: ChannelConfig };

/** A micro-batch, with what is masked of each image. */
export type InpaintingBatch = TextToImageBatch & {
  /** [B, h, w, 1]: 1 where it is drawn anew */
  readonly mask: tf.Tensor4D;
  /** [B, h, w, c]: the encoded image, of whose pixels those that are drawn anew are 0 */
  readonly maskedImageLatents: tf.Tensor4D;
};

/**
 * Images from captions and a part of the image: a UNet of `inpaintingUNet` learns to fill random masks (`randomMasks`). The
 * loss is over the whole image, as that of Stable Diffusion's inpainting model.
 */
export class InpaintingObjective<
  U extends InpaintedModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
> extends TextToImageObjective<U, T> {
  override readonly pipelineClass: string = 'StableDiffusionInpaintPipeline';

  /** @throws RangeError or Error naming every bad option, or what does not fit together */
  constructor(parts: TextToImageTrainingParts<U, T, Scheduler>, options: TextToImageOptions = {}) {
    const { config } = parts.unet;
    if (!isInpaintingConfig(config)) {
      throw new Error(
        'InpaintingObjective: expected a UNet with 2 · C + 1 channels in and C out (inpaintingUNet makes one of a trained ' +
          `one), got ${config.in_channels} in and ${config.out_channels ?? config.in_channels} out.`,
      );
    }
    super(parts, options);
    this.streams = [...this.streams, 'masks'];
  }

  override draw(batch: BatchIndices, keys: RandomKeys): InpaintingBatch {
    return tf.tidy(() => {
      const drawn = super.draw(batch, keys);
      const pixels = this.images.gather(ofRows(batch.indices, batch), batch.rows);
      const [, height, width] = pixels.shape;
      const [B] = batch.indices.shape;
      const masks = ofRows(randomMasks([B, height, width], keys['masks']!), batch);
      const maskedImageLatents = this.codec.encode(tf.mul(pixels, tf.sub(1, masks)));
      const [, h, w] = maskedImageLatents.shape;
      const isFit = h === height && w === width;
      const mask = isFit ? masks : tf.image.resizeNearestNeighbor(masks, [h, w]);
      return { ...drawn, mask, maskedImageLatents };
    });
  }

  override identity(): Readonly<Record<string, unknown>> {
    return { ...super.identity(), masks: 'rectangles and ellipses' };
  }
}
