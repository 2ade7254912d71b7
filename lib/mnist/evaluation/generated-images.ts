/** Images drawn for an evaluation, batch by batch, kept in a folder so that a stopped evaluation can go on. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { rowMajor } from '../../datasets/transforms';
import { Images } from '../../images/images';
import { captionOf } from '../captions';
import { writeFileAtomically } from '../../io/atomic-write';
import { readSafetensors, writeSafetensors } from '../../io/safetensors';
import type { GenerateOptions } from '../../pipelines/generate-options';
import type { CLIPTextModel } from '../../models/clip-text-model';
import type { CLIPTokenizer } from '../../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../../models/unet-2d-condition';
import type { TextToImagePipeline } from '../../pipelines/text-to-image';
import type { Sampler, Scheduler } from '../../schedulers/scheduler';
import { loopBar } from '../../progress';
import type { LabelledImages } from './compare';
import { requireRecord } from '../../options';

/** Of any scheduler, over betas or not. */
export type DrawingPipeline<S extends Sampler> = TextToImagePipeline<
  UNet2DConditionModel,
  CLIPTextModel,
  CLIPTokenizer,
  S
>;

export interface DrawOptions extends Omit<
  GenerateOptions,
  'numImagesPerPrompt' | 'size' | 'callbackOnStepEnd' | 'returnIntermediates' | 'seed'
> {
  /** Decides all noise. Default: 0, as of `npm run evaluate`. */
  readonly seed?: number | undefined;
  /** A multiple of 10: as many of each digit. Default: 1,000. */
  readonly numImages?: number;
  /** A multiple of 10 that divides `numImages`. Default: 100. */
  readonly batchSize?: number;
  /** Where images are kept, batch by batch. Default: nowhere. */
  readonly folder?: string;
  /** Called after each step of each batch, with the share of the whole that is done. */
  readonly onProgress?: (share: number) => void | Promise<void>;
}

const SETTINGS = 'settings.json';
const AREA = 28 * 28;

/**
 * Draws the digits 0 to 9 in turn, "A handwritten digit …", as 8-bit images. Batch b uses the seed + b.
 *
 * @throws RangeError for numbers that do not fit; Error if the folder holds images drawn otherwise; Interrupted or the
 *   signal's reason if it was stopped: with a folder, the batches that are whole stay in it, and the next call goes on
 */
export async function drawDigits<S extends Sampler = Scheduler>(
  pipeline: DrawingPipeline<S>,
  options: DrawOptions,
): Promise<LabelledImages> {
  requireRecord('drawDigits', pipeline, 'a TextToImagePipeline', ['unet']);
  requireRecord('drawDigits', options, 'options such as { guidanceScale: 1.5 }');
  const {
    numImages = 1000,
    batchSize = 100,
    folder,
    onProgress,
    signal,
    progressBar,
    ...rest
  } = options;
  const seed = rest.seed ?? 0;
  const generate = { ...rest, seed };
  checkCounts(numImages, batchSize);
  const { scheduler } = pipeline;
  const { options: stepOptions } = scheduler as Sampler & Partial<Scheduler>;
  const settings = { batchSize, scheduler: scheduler.toJSON(), stepOptions, ...generate };
  if (folder !== undefined) keepSettings(folder, JSON.parse(JSON.stringify(settings)) as object);
  const labels = Uint8Array.from({ length: numImages }, (_, i) => i % 10);
  const prompts = Array.from({ length: batchSize }, (_, i) => captionOf(i % 10));
  const bytes = new Uint8Array(numImages * AREA);
  const batches = numImages / batchSize;
  const wanted = progressBar ?? !pipeline.progressBarConfig.disable;
  const bar = loopBar(numImages, { description: 'evaluate', unit: 'image' }, wanted);
  let shown = 0;
  const show = (images: number) => {
    bar.update(Math.floor(images) - shown);
    shown = Math.floor(images);
  };
  try {
    for (let b = 0; b < batches; b++) {
      const file = folder && path.join(folder, `batch-${String(b).padStart(4, '0')}.safetensors`);
      const size = batchSize * AREA;
      if (file !== undefined && existsSync(file)) {
        bytes.set(readSafetensors(file).tensors.get('images')!.data, b * size);
        show((b + 1) * batchSize);
        continue;
      }
      const drawn = await pipeline.generate(prompts, {
        ...generate,
        seed: seed + b,
        progressBar: false,
        ...(signal && { signal }),
        callbackOnStepEnd: ({ step, steps }) => {
          show((b + step / steps) * batchSize);
          return onProgress?.((b + step / steps) / batches);
        },
      });
      const data = Uint8Array.from(rowMajor(drawn.images), (value) => Math.round(value * 255));
      bytes.set(data, b * size);
      if (file === undefined) continue;
      const images = { dtype: 'U8', shape: [batchSize, 28, 28], data } as const;
      writeSafetensors(file, new Map([['images', images]]));
    }
  } finally {
    bar.close();
  }
  return { images: unitImages(bytes), labels };
}

/** Bytes as images [N, 28, 28, 1], 0 to 1. */
export function unitImages(bytes: Uint8Array): Images {
  const values = Float32Array.from(bytes, (value) => value / 255);
  return new Images(ndarray(values, [bytes.length / AREA, 28, 28, 1]));
}

function checkCounts(numImages: number, batchSize: number): void {
  const fits = (n: number, unit: number) => Number.isInteger(n) && n > 0 && n % unit === 0;
  if (fits(batchSize, 10) && fits(numImages, batchSize)) return;
  throw new RangeError(
    'evaluate: expected batchSize as a multiple of 10 and numImages as a multiple of batchSize, got ' +
      `batchSize ${batchSize} and numImages ${numImages}.`,
  );
}

/** Images of other settings must not be mixed in. */
function keepSettings(folder: string, settings: object): void {
  const file = path.join(folder, SETTINGS);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') !== text) {
    throw new Error(
      `${path.resolve(folder)}: it holds images that were drawn with other settings (see ${SETTINGS}). ` +
        'Take another folder, or remove it to start anew.',
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileAtomically(file, [text]);
}
