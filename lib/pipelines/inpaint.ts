/**
 * Draws a part of a picture anew and keeps the rest: after each step what is kept is put back, as noisy as the step
 * arrives at. Any text-to-image model can do it; diffusers' `StableDiffusionInpaintPipeline` over an ordinary UNet.
 * RePaint (repaint.ts) goes back in between, so that both parts come to fit. An inpainting UNet (`inpaintingUNet`), which
 * sees the mask and what is kept, is not helped: it draws both parts, and what is kept is put back at the end.
 */
import ndarray from 'ndarray';
import { tf } from '../backend';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import { Images } from '../images/images';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { Codec } from '../models/codec';
import { isInpaintingConfig } from '../models/inpainting-unet';
import type { PretrainedOptions } from '../models/pretrained';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { requireRecord } from '../options';
import { Generator } from '../random';
import type { Sampler, Scheduler } from '../schedulers/scheduler';
import { denoiseFrom, stepsFrom, type Passage } from './denoise-loop';
import { resolveGenerateOptions, type ResolvedGenerateOptions } from './generate-options';
import { pictureChannels } from './image-to-image';
import {
  checkPictureSize,
  givenMask,
  givenPictures,
  promptsFor,
  rowsOf,
  tensorOf,
  type GivenPictures,
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
import {
  checkedJumps,
  checkRepaintScheduler,
  noisier,
  repaintMoves,
  type RepaintOptions,
} from './repaint';
import { strengthPlan } from './strength';
import { TextToImagePipeline } from './text-to-image';
import type { SampledModel } from './text-to-image-parts';

export interface InpaintOptions extends PictureOptions {
  /** The pictures, as of `ImageToImageOptions`. One, or one for each prompt. */
  readonly image: PictureArray;
  /**
   * [H, W], or one for each picture: from 0.5 on (white) is drawn anew, below (black) is kept, to the bit. This is so with
   * RePaint, too, whose mask is the other way round in diffusers.
   */
  readonly mask: PictureArray;
  /** How much is drawn anew, as of `ImageToImageOptions`; 1 (default) begins with pure noise. */
  readonly strength?: number | undefined;
  /** RePaint: steps of a jump back; the paper's is 10. With `jumpNSample`, strength 1 and DDIM only. Default: none. */
  readonly jumpLength?: number | undefined;
  /** RePaint: how often each stretch is drawn; the paper's is 10. */
  readonly jumpNSample?: number | undefined;
}

/** A sampling as it is meant. */
type Way = Pick<Passage, 'begin' | 'moves' | 'makeNoisy'> & {
  readonly steps: number;
  readonly description: string;
  /** Whether each step's own noise makes the kept part noisy, or that of the start. */
  readonly isRepaint: boolean;
};

export class InpaintPipeline<
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
  >(pipe: TextToImagePipeline<U, T, K, S>): InpaintPipeline<U, T, K, S> {
    requireRecord('InpaintPipeline.fromPipe', pipe, 'a TextToImagePipeline', ['unet', 'scheduler']);
    return new InpaintPipeline<U, T, K, S>(pipe);
  }

  /** As `TextToImagePipeline.fromPretrained`. */
  static fromPretrained<S extends Sampler = Scheduler>(
    name: string,
    options: PretrainedOptions = {},
  ): InpaintPipeline<UNet2DConditionModel, CLIPTextModel, CLIPTokenizer, S> {
    return new InpaintPipeline(TextToImagePipeline.fromPretrained<S>(name, options), true);
  }

  /**
   * Draws what the mask leaves open by the prompts. The same seed, pictures, masks, prompts and options give the same images.
   *
   * @param prompt one text, or one per image
   * @throws TypeError or RangeError naming a bad prompt, picture, mask or option; Error for RePaint over another scheduler than
   *   DDIM; Interrupted if the notebook's Stop ended it, or the reason of `signal`
   */
  async generate(
    prompt: string | readonly string[],
    { image, mask, strength = 1, jumpLength, jumpNSample, ...rest }: InpaintOptions,
  ): Promise<PictureOutput> {
    const { codec, scheduler, unet, base } = this;
    const pictures = givenPictures(image, pictureChannels(this));
    const masks = givenMask(mask, pictures);
    const { texts, placesOf } = promptsFor(prompt, pictures.shape[0]);
    const options = resolveGenerateOptions(texts, rest, scheduler.config);
    checkPictureSize(pictures, unet.config, codec, options.size);
    const jumps = checkedJumps(jumpLength, jumpNSample, strength);
    const isSeen = isInpaintingConfig(unet.config);
    if (isSeen && jumps) {
      throw new RangeError(
        'jumpLength: expected none with an inpainting UNet, which sees what is kept: RePaint is for ordinary ones.',
      );
    }
    const way = jumps ? this.repaint(options, jumps) : this.blended(options, strength);
    const places = placesOf(options.prompts.length);
    const kept = rowsOf(pictures, places);
    const open = rowsOf(masks, masks.shape[0] === 1 ? places.map(() => 0) : places);
    const stream = new Generator(options.seed).stream('sampling');
    const seen = tf.tidy(() => (isSeen ? whatIsSeen(codec, kept, open) : {}));
    const extras = { ...options.extras, ...seen };
    const run = base.conditioned({ ...options, extras }, async (conditioning, stopped) => {
      const made = tf.tidy(() => {
        const x0 = encoded(codec, tensorOf(kept));
        const fitted = fittedTo(x0, open);
        const noise = noiseOf(x0.shape, stream.at(0));
        const isPure = strength === 1;
        const level = isPure
          ? { alpha: 0, sigma: scheduler.initNoiseSigma }
          : scheduler.levelAt(way.begin);
        return {
          x0,
          noise,
          open: fitted,
          closed: tf.sub<tf.Tensor4D>(1, fitted),
          start: atLevel(level, x0, noise),
        };
      });
      const { start, ...held } = made;
      const blend: Passage['blend'] = (sample, key, arrived) => {
        const isLast = arrived >= scheduler.timesteps.length;
        const noise = way.isRepaint ? noiseOf(sample.shape, key) : held.noise;
        const known = isLast ? held.x0 : atLevel(scheduler.levelAt(arrived), held.x0, noise);
        return tf.add(tf.mul(held.closed, known), tf.mul(held.open, sample));
      };
      try {
        const { images, intermediates } = await denoiseFrom(
          start,
          {
            ...base.passage(scheduler, options),
            ...way,
            conditioning,
            stream,
            ...(!isSeen && { blend }),
          },
          stopped,
        );
        const { prompts, seed } = options;
        const { steps, description } = way;
        return {
          images: pasted(images, kept, open),
          prompts,
          seed,
          intermediates,
          steps,
          description,
        };
      } finally {
        tf.dispose(held);
      }
    });
    return run.finally(() => tf.dispose(seen));
  }

  private blended({ numInferenceSteps }: ResolvedGenerateOptions, strength: number): Way {
    const { scheduler } = this;
    const { begin, steps, timestep, text } = strengthPlan(scheduler, numInferenceSteps, strength);
    const pure = `strength 1 of ${numInferenceSteps} steps: ${steps} steps from pure noise at t = ${timestep}`;
    return {
      begin,
      steps,
      description: strength === 1 ? pure : text,
      moves: stepsFrom(begin, scheduler),
      isRepaint: false,
    };
  }

  private repaint(
    { numInferenceSteps, seed }: ResolvedGenerateOptions,
    jumps: RepaintOptions,
  ): Way {
    const scheduler: Sampler = this.scheduler;
    checkRepaintScheduler(scheduler);
    scheduler.setTimesteps(numInferenceSteps);
    const moves = repaintMoves(scheduler, numInferenceSteps, jumps);
    const steps = moves.filter(({ kind }) => kind === 'step').length;
    const stream = new Generator(seed).stream('repaint');
    const { jumpLength, jumpNSample } = jumps;
    return {
      begin: 0,
      steps,
      description:
        `RePaint, ${numInferenceSteps} steps, each stretch of ${jumpLength} drawn ${jumpNSample} times: the model is asked ` +
        `${steps} times`,
      moves,
      makeNoisy: (sample, move) => noisier(sample, scheduler.betas, move, stream),
      isRepaint: true,
    };
  }
}

/** Which pixels are open, of what is diffused. */
function fittedTo({ shape: [, h, w] }: tf.Tensor4D, open: GivenPictures): tf.Tensor4D {
  return tf.image.resizeNearestNeighbor(tensorOf(open), [h, w]);
}

/** What an inpainting UNet sees; the caller disposes it. */
function whatIsSeen(codec: Codec, kept: GivenPictures, open: GivenPictures) {
  const closed = tf.sub(1, tensorOf(open));
  const pictures = tf.sub(tf.mul(tensorOf(kept), 2), 1);
  const maskedImageLatents = codec.encode(tf.mul(pictures, closed));
  return { mask: fittedTo(maskedImageLatents, open), maskedImageLatents };
}

/** The drawn pictures, with what is kept as it was given. */
function pasted(images: Images, kept: GivenPictures, open: GivenPictures): Images {
  const data = Float32Array.from(images.data);
  const channels = kept.shape[3];
  for (let i = 0; i < data.length; i++) {
    if (open.data[Math.floor(i / channels)] === 0) data[i] = kept.data[i]!;
  }
  return new Images(ndarray(data, [...images.shape]));
}
