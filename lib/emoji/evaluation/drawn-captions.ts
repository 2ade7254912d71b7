/** One picture for each of many captions, drawn batch by batch and kept in a folder, so that a stopped evaluation can go on. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ndarray from 'ndarray';
import { rowMajor } from '../../datasets/transforms';
import { Images } from '../../images/images';
import { writeFileAtomically } from '../../io/atomic-write';
import { readSafetensors, writeSafetensors } from '../../io/safetensors';
import type { CLIPTextModel } from '../../models/clip-text-model';
import type { CLIPTokenizer } from '../../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../../models/unet-2d-condition';
import type { GenerateOptions } from '../../pipelines/generate-options';
import type { TextToImagePipeline } from '../../pipelines/text-to-image';
import { loopBar } from '../../progress';
import type { Sampler } from '../../schedulers/scheduler';
import { SIDE } from '../judge/network';

/** A model with its sampler. */
export type EmojiPipeline = TextToImagePipeline<
  UNet2DConditionModel,
  CLIPTextModel,
  CLIPTokenizer,
  Sampler
>;

export interface DrawCaptionsOptions extends Omit<
  GenerateOptions,
  'numImagesPerPrompt' | 'size' | 'callbackOnStepEnd' | 'returnIntermediates' | 'seed' | 'extras'
> {
  /** Decides all noise: batch b has the seed + b. Default: 0. */
  readonly seed?: number | undefined;
  /** Default: 32. */
  readonly batchSize?: number | undefined;
  /** Where pictures are kept, batch by batch. Default: nowhere. */
  readonly folder?: string | undefined;
  /** Called after each step of each batch, with the share of the whole that is done. */
  readonly onProgress?: ((share: number) => void | Promise<void>) | undefined;
}

const SETTINGS = 'settings.json';
const PIXELS = SIDE * SIDE * 3;

/**
 * Draws a picture for each caption, as 8-bit ones.
 *
 * @returns [N, 32, 32, 3], 0 to 1
 * @throws RangeError without captions or for a bad batch size; Error if the folder holds pictures drawn otherwise; Interrupted
 *   or the signal's reason if it was stopped: with a folder, whole batches stay in it, and the next call goes on
 */
export async function drawCaptions(
  pipeline: EmojiPipeline,
  captions: readonly string[],
  options: DrawCaptionsOptions = {},
): Promise<Images> {
  const { batchSize = 32, folder, onProgress, signal, progressBar, ...rest } = options;
  const { seed = 0 } = rest;
  if (!Number.isInteger(batchSize) || batchSize < 1 || captions.length === 0) {
    throw new RangeError(
      `drawCaptions: expected captions and a batchSize of 1 or more, got ${captions.length} and ${batchSize}.`,
    );
  }
  if (folder !== undefined) {
    const scheduler: unknown = pipeline.scheduler.toJSON();
    keepSettings(folder, { ...rest, seed, batchSize, scheduler, captions });
  }
  const bytes = new Uint8Array(captions.length * PIXELS);
  const batches = Math.ceil(captions.length / batchSize);
  const wanted = progressBar ?? !pipeline.progressBarConfig.disable;
  const bar = loopBar(captions.length, { description: 'draw', unit: 'picture' }, wanted);
  try {
    for (let b = 0; b < batches; b++) {
      const own = captions.slice(b * batchSize, (b + 1) * batchSize);
      const file = folder && path.join(folder, `batch-${String(b).padStart(4, '0')}.safetensors`);
      const kept = file !== undefined && existsSync(file) ? readBatch(file) : undefined;
      // The last batch is filled up: one graph serves all.
      const prompts = Array.from({ length: batchSize }, (_, i) => own[i % own.length]!);
      const drawn = kept ?? (await drawBatch(b, prompts));
      bytes.set(drawn.subarray(0, own.length * PIXELS), b * batchSize * PIXELS);
      bar.update(own.length);
      await onProgress?.((b + 1) / batches);
      if (file === undefined || kept !== undefined) continue;
      const images = { dtype: 'U8', shape: [batchSize, SIDE, SIDE, 3], data: drawn } as const;
      writeSafetensors(file, new Map([['images', images]]));
    }
  } finally {
    bar.close();
  }
  const values = Float32Array.from(bytes, (value) => value / 255);
  return new Images(ndarray(values, [captions.length, SIDE, SIDE, 3]));

  async function drawBatch(b: number, prompts: readonly string[]): Promise<Uint8Array> {
    const { images } = await pipeline.generate([...prompts], {
      ...rest,
      seed: seed + b,
      progressBar: false,
      ...(signal && { signal }),
      callbackOnStepEnd: ({ step, steps }) => onProgress?.((b + step / steps) / batches),
    });
    return Uint8Array.from(rowMajor(images), (value) => Math.round(value * 255));
  }
}

const readBatch = (file: string) => readSafetensors(file).tensors.get('images')!.data;

/** Pictures of other settings must not be mixed in. */
function keepSettings(folder: string, settings: object): void {
  const file = path.join(folder, SETTINGS);
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8') !== text) {
    throw new Error(
      `${path.resolve(folder)}: it holds pictures that were drawn with other settings (see ${SETTINGS}). ` +
        'Take another folder, or remove it to start anew.',
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileAtomically(file, [text]);
}
