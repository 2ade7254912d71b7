/**
 * Changes a picture: it is made noisy, as far as `strength` says, and drawn again from there; diffusers'
 * `StableDiffusionImg2ImgPipeline`.
 *
 * Meng et al. 2022, "SDEdit: guided image synthesis and editing with stochastic differential equations".
 */
import { tf } from '../backend';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import { latentChannels } from '../models/inpainting-unet';
import type { PretrainedOptions } from '../models/pretrained';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { Generator } from '../random';
import type { Sampler, Scheduler } from '../schedulers/scheduler';
import { denoiseFrom, stepsFrom } from './denoise-loop';
import { resolveGenerateOptions } from './generate-options';
import {
  checkPictureSize,
  givenPictures,
  promptsFor,
  rowsOf,
  tensorOf,
  type PictureArray,
} from './picture-input';
import {
  atLevel,
  encoded,
  noiseOf,
  PicturePipeline,
  type PictureOptions,
  type PictureOutput,
} from './picture-pipeline';
import { strengthPlan } from './strength';
import { TextToImagePipeline } from './text-to-image';
import { checkNoInpainting, type SampledModel } from './text-to-image-parts';
import { requireRecord } from '../options';

export interface ImageToImageOptions extends PictureOptions {
  /**
   * The pictures, [H, W, C] or [N, H, W, C] (C may be left out of grey ones): `Images`, an ndarray from 0 to 1, or bytes. One, or one for
   * each prompt.
   */
  readonly image: PictureArray;
  /**
   * How much is drawn anew, 0 to 1. Of N steps the last `Math.trunc(N · strength)` are taken, so that 0.58 of 50 are 28. Even
   * 1 is not pure noise: the picture enters with what the first time step leaves of it. Default 0.8.
   */
  readonly strength?: number | undefined;
}

export class ImageToImagePipeline<
  U extends SampledModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
  K extends TextTokenizer = CLIPTokenizer,
  S extends Sampler = Scheduler,
> extends PicturePipeline<U, T, K, S> {
  /** Shares models, scheduler and graphs with another pipeline, which stays as it is. */
  static fromPipe<
    U extends SampledModel,
    T extends TextEncoder,
    K extends TextTokenizer,
    S extends Sampler,
  >(pipe: TextToImagePipeline<U, T, K, S>): ImageToImagePipeline<U, T, K, S> {
    requireRecord('ImageToImagePipeline.fromPipe', pipe, 'a TextToImagePipeline', [
      'unet',
      'scheduler',
    ]);
    return new ImageToImagePipeline<U, T, K, S>(pipe);
  }

  /** As `TextToImagePipeline.fromPretrained`. */
  static fromPretrained<S extends Sampler = Scheduler>(
    name: string,
    options: PretrainedOptions = {},
  ): ImageToImagePipeline<UNet2DConditionModel, CLIPTextModel, CLIPTokenizer, S> {
    return new ImageToImagePipeline(TextToImagePipeline.fromPretrained<S>(name, options), true);
  }

  /**
   * Draws the pictures anew by the prompts. The same seed, pictures, prompts and options give the same images.
   *
   * @param prompt one text, or one per image
   * @throws TypeError or RangeError naming a bad prompt, picture or option; Interrupted if the notebook's Stop ended it, or the
   *   reason of `signal`
   */
  async generate(
    prompt: string | readonly string[],
    { image, strength = 0.8, ...rest }: ImageToImageOptions,
  ): Promise<PictureOutput> {
    const { codec, scheduler, unet, base } = this;
    checkNoInpainting('ImageToImagePipeline', unet);
    const pictures = givenPictures(image, pictureChannels(this));
    const { texts, placesOf } = promptsFor(prompt, pictures.shape[0]);
    const options = resolveGenerateOptions(texts, rest, scheduler.config);
    checkPictureSize(pictures, unet.config, codec, options.size);
    const { prompts, seed, numInferenceSteps } = options;
    const plan = strengthPlan(scheduler, numInferenceSteps, strength);
    const stream = new Generator(seed).stream('sampling');
    return base.conditioned(options, async (conditioning, stopped) => {
      const start = tf.tidy(() => {
        const x0 = encoded(codec, tensorOf(rowsOf(pictures, placesOf(prompts.length))));
        return atLevel(scheduler.levelAt(plan.begin), x0, noiseOf(x0.shape, stream.at(0)));
      });
      const { images, intermediates } = await denoiseFrom(
        start,
        {
          ...base.passage(scheduler, options),
          conditioning,
          begin: plan.begin,
          moves: stepsFrom(plan.begin, scheduler),
          stream,
        },
        stopped,
      );
      return { images, prompts, seed, intermediates, steps: plan.steps, description: plan.text };
    });
  }
}

/** Channels of the pictures that a pipeline draws. */
export function pictureChannels({
  unet,
  codec,
}: Pick<PicturePipeline<SampledModel>, 'unet' | 'codec'>): number {
  const diffused = latentChannels(unet.config);
  const channels = [diffused, 1, 3, 4].find((count) => {
    try {
      return codec.latentShape([64, 64, count])[2] === diffused;
    } catch {
      return false;
    }
  });
  return channels ?? diffused;
}
