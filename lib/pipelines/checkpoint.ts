/** A text-to-image model as a folder, in diffusers' layout: one sub-folder per part. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { readJsonObject } from '../models/pretrained';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { DDPMScheduler } from '../schedulers/ddpm';
import { writeFileAtomically } from '../io/atomic-write';

/** What a text-to-image model is made of. */
export interface CheckpointParts {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  readonly scheduler: DDPMScheduler;
}

/** Which class of which Python library loads each part. */
const MODEL_INDEX = {
  _class_name: 'StableDiffusionPipeline',
  feature_extractor: [null, null],
  image_encoder: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', 'DDPMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: [null, null],
};

/** Where the scheduler's config lies in its folder. */
const SCHEDULER_CONFIG = 'scheduler_config.json';

const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes all parts. diffusers and transformers load each by `from_pretrained(folder, subfolder=…)`.
 * model_index.json is written last: a folder without it was not finished.
 */
export function saveCheckpoint(folder: string, parts: CheckpointParts): void {
  parts.unet.savePretrained(path.join(folder, 'unet'));
  parts.textEncoder.savePretrained(path.join(folder, 'text_encoder'));
  parts.tokenizer.savePretrained(path.join(folder, 'tokenizer'));
  const schedulerFolder = path.join(folder, 'scheduler');
  mkdirSync(schedulerFolder, { recursive: true });
  const config = asJson(parts.scheduler.toJSON());
  writeFileAtomically(path.join(schedulerFolder, SCHEDULER_CONFIG), [config]);
  writeFileAtomically(path.join(folder, 'model_index.json'), [asJson(MODEL_INDEX)]);
}

/**
 * Loads all parts; the caller disposes both models.
 *
 * @throws Error if the folder is no finished checkpoint, a file is damaged or parts do not fit
 */
export function loadCheckpoint(folder: string): CheckpointParts {
  if (!existsSync(path.join(folder, 'model_index.json'))) {
    throw new Error(
      `${folder}: expected a checkpoint with model_index.json, found none. ` +
        'Check the folder, or train first (notebook 04-train saves one).',
    );
  }
  const tokenizer = CLIPTokenizer.fromPretrained(path.join(folder, 'tokenizer'));
  const config = readJsonObject(path.join(folder, 'scheduler', SCHEDULER_CONFIG));
  const scheduler = DDPMScheduler.fromConfig(config);
  const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
  try {
    const textEncoder = CLIPTextModel.fromPretrained(path.join(folder, 'text_encoder'));
    return { unet, textEncoder, tokenizer, scheduler };
  } catch (error) {
    unet.dispose();
    throw error;
  }
}
