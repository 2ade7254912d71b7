/** A model's folder for a page: diffusers' layout, with the weights as they are to travel. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeManifest } from '../io/runs/manifest';
import { readSafetensors, writeSafetensors } from '../io/safetensors';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { pixelCodec, type Codec } from '../models/codec';
import { isInpaintingConfig } from '../models/inpainting-unet';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { registriesOf } from '../nn/lora/target-models';
import { requireRecord, shown } from '../options';
import { saveCheckpoint, type CheckpointParts } from '../pretrained/checkpoint';
import { isOverBetas, type Sampler } from '../schedulers/scheduler';
import { packed, unpacked, type WeightFormat } from '../web/quantized';

/** What a page can be made of: a `TextToImagePipeline`, or its parts. */
export interface PageParts extends CheckpointParts<Sampler> {
  readonly codec?: Codec | undefined;
}

const WEIGHTS = {
  UNet: 'unet/diffusion_pytorch_model.safetensors',
  'text encoder': 'text_encoder/model.safetensors',
} as const;

/** Bytes of the weights, by part. */
export type WeightSizes = Readonly<Record<keyof typeof WEIGHTS, number>>;

const CLASSES = {
  unet: UNet2DConditionModel,
  textEncoder: CLIPTextModel,
  tokenizer: CLIPTokenizer,
};

/** @throws TypeError or Error saying why a page could not draw with these parts */
export function checkPageParts(owner: string, parts: PageParts): void {
  const names = [...Object.keys(CLASSES), 'scheduler'];
  requireRecord(owner, parts, 'a TextToImagePipeline', names);
  for (const [name, type] of Object.entries(CLASSES)) {
    const part: unknown = parts[name as keyof typeof CLASSES];
    if (part instanceof type) continue;
    throw new TypeError(`${owner}: expected ${name} to be a ${type.name}, got ${shown(part)}.`);
  }
  const { unet, scheduler, codec = pixelCodec } = parts;
  const refuse = (what: string) => {
    throw new Error(`${owner}: expected ${what}`);
  };
  if (codec !== pixelCodec) refuse('a model that diffuses pixels: a page has no other codec.');
  if (isInpaintingConfig(unet.config))
    refuse('a UNet that draws from words, got one for inpainting, which a page has no masks for.');
  if (!isOverBetas(scheduler))
    refuse(
      'a model trained over betas, got one of flow matching, which a page has no sampler for.',
    );
  if (unet.config.sample_size === null)
    refuse("a UNet whose config has a sample_size: the page's pictures are of that size.");
  const computed = registriesOf(parts).flatMap(({ computedNames }) => computedNames);
  if (computed.length > 0)
    refuse(
      `weights without adapters, got ${[...new Set(computed)].join(', ')} beside them. sd.fuseLora(pipeline) puts ` +
        'them into the weights; sd.unfuseLora takes them out again.',
    );
}

/**
 * Writes the model into a folder that is there while `use` runs.
 *
 * @returns what `use` gives
 */
export function withPageModel<R>(
  parts: PageParts,
  format: WeightFormat,
  use: (folder: string, sizes: WeightSizes) => R,
): R {
  const own = mkdtempSync(path.join(os.tmpdir(), 'sdm-page-')); // for this user alone, which a page's folder is not to be
  const folder = path.join(own, 'model');
  try {
    saveCheckpoint(folder, parts);
    const sizes = Object.entries(WEIGHTS).map(([part, name]) => {
      const file = path.join(folder, name);
      const { tensors } = readSafetensors(file);
      const entries = [...unpacked(tensors, name)].flatMap(([key, tensor]) =>
        packed(key, tensor, format),
      );
      writeSafetensors(file, new Map(entries), { format: 'pt', weights: format });
      return [part, statSync(file).size] as const;
    });
    writeManifest(folder);
    return use(folder, Object.fromEntries(sizes) as WeightSizes);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
