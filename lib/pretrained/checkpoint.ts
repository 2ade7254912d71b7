/** A text-to-image model as a folder, in diffusers' layout: one sub-folder per part. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import { localFolder, readJsonObject } from './model-files';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { DDPMScheduler } from '../schedulers/ddpm';
import { writeFileAtomically } from '../io/atomic-write';
import { findDamage, MANIFEST_FILE } from '../io/runs/manifest';

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

const MODEL_INDEX_FILE = 'model_index.json';

const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Checks that the UNet takes what the text encoder gives, and the text encoder what the tokenizer gives.
 *
 * @param what the class or folder, for the message
 * @throws Error naming everything that does not fit
 */
export function checkParts(
  what: string,
  { unet, textEncoder, tokenizer }: Omit<CheckpointParts, 'scheduler'>,
): void {
  const { cross_attention_dim } = unet.config;
  const { hidden_size, vocab_size } = textEncoder.config;
  const widths = [cross_attention_dim].flat();
  const problems: string[] = [];
  if (!widths.includes(hidden_size)) {
    problems.push(
      `the text encoder's hidden_size (${hidden_size}) must equal the UNet's cross_attention_dim ` +
        `(${widths.join(', ')})`,
    );
  }
  if (tokenizer.vocabSize > vocab_size) {
    problems.push(
      `the text encoder's vocab_size (${vocab_size}) must be at least the tokenizer's ` +
        `(${tokenizer.vocabSize})`,
    );
  }
  if (problems.length > 0) throw new Error(`${what}: ${problems.join('; ')}.`);
}

/**
 * Writes all parts. diffusers and transformers load each by `from_pretrained(folder, subfolder=…)`.
 * model_index.json is written last, and taken away first from a folder that is written over: one
 * without it was not finished.
 *
 * @throws Error if the parts do not fit together, or a file cannot be written
 */
export function saveCheckpoint(folder: string, parts: CheckpointParts): void {
  checkParts('saveCheckpoint', parts);
  for (const file of [MODEL_INDEX_FILE, MANIFEST_FILE])
    rmSync(path.join(folder, file), { force: true });
  parts.unet.savePretrained(path.join(folder, 'unet'));
  parts.textEncoder.savePretrained(path.join(folder, 'text_encoder'));
  parts.tokenizer.savePretrained(path.join(folder, 'tokenizer'));
  const schedulerFolder = path.join(folder, 'scheduler');
  mkdirSync(schedulerFolder, { recursive: true });
  const config = asJson(parts.scheduler.toJSON());
  writeFileAtomically(path.join(schedulerFolder, SCHEDULER_CONFIG), [config]);
  writeFileAtomically(path.join(folder, MODEL_INDEX_FILE), [asJson(MODEL_INDEX)]);
}

/**
 * Loads all parts; the caller disposes both models. If the folder has a manifest, every file is compared with its
 * SHA-256 there.
 *
 * @param name a folder, or a model id that the hub's cache has
 * @throws Error if the folder is no finished checkpoint, a file is damaged or parts do not fit
 */
export function loadCheckpoint(name: string): CheckpointParts {
  const folder = localFolder(name);
  if (!existsSync(path.join(folder, MODEL_INDEX_FILE))) {
    throw new Error(
      `${folder}: expected a checkpoint with model_index.json, found none. ` +
        'Check the folder, or train first (notebook 04-train saves one).',
    );
  }
  const damage = existsSync(path.join(folder, MANIFEST_FILE)) ? findDamage(folder) : null;
  if (damage !== null) {
    throw new Error(`${folder} is not as it was saved: ${damage}. Get it again, or save it anew.`);
  }
  const tokenizer = CLIPTokenizer.fromPretrained(path.join(folder, 'tokenizer'));
  const config = readJsonObject(path.join(folder, 'scheduler', SCHEDULER_CONFIG));
  const scheduler = DDPMScheduler.fromConfig(config);
  const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
  let textEncoder: CLIPTextModel | undefined;
  try {
    textEncoder = CLIPTextModel.fromPretrained(path.join(folder, 'text_encoder'));
    checkParts(folder, { unet, textEncoder, tokenizer });
    return { unet, textEncoder, tokenizer, scheduler };
  } catch (error) {
    unet.dispose();
    textEncoder?.dispose();
    throw error;
  }
}
