/** A text-to-image model as a folder, in diffusers' layout: one sub-folder per part. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findDamage, MANIFEST_FILE } from '../io/runs/manifest';
import type { Part, PretrainedOptions } from '../models/pretrained';
import { checkTextParts } from '../conditioning/check-parts';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { Sampler, Scheduler } from '../schedulers/scheduler';
import { loadCaptions } from './captions-file';
import { localFolder, variantsIn } from './model-files';
import { loadPart, readModelIndex, saveParts } from './parts';
import { TEXT_RULE, checkGiven } from '../options';

/** What a text-to-image model is made of. */
export interface CheckpointParts<S extends Sampler = Scheduler> {
  readonly unet: UNet2DConditionModel;
  readonly textEncoder: CLIPTextModel;
  readonly tokenizer: CLIPTokenizer;
  /** Any of ours: its class is named in model_index.json. */
  readonly scheduler: S;
}

/**
 * Writes all parts. diffusers and transformers load each by `from_pretrained(folder, subfolder=…)`.
 *
 * @throws Error if the parts do not fit together, or a file cannot be written
 */
export function saveCheckpoint(folder: string, parts: CheckpointParts<Sampler>): void {
  checkTextParts('saveCheckpoint', parts);
  const { unet, textEncoder: text_encoder, tokenizer, scheduler } = parts;
  saveParts(folder, 'StableDiffusionPipeline', { unet, text_encoder, tokenizer, scheduler });
}

/**
 * Loads all parts; the caller disposes both models. If the folder has a manifest, every file is compared with its
 * SHA-256 there. A model of flow matching has a scheduler without betas: `loadCheckpoint<FlowMatchEulerDiscreteScheduler>`.
 *
 * @param name a folder, or a model id that the hub's cache has
 * @param options `variant: 'fp16'` reads it of the parts that have it, as diffusers does
 * @throws Error if the folder is no finished checkpoint, a file is damaged, a class is not known or parts do not fit
 */
export function loadCheckpoint<S extends Sampler = Scheduler>(
  name: string,
  options: PretrainedOptions = {},
): CheckpointParts<S> {
  const folder = checkedFolder(name, options);
  const names = ['tokenizer', 'scheduler', 'unet', 'text_encoder'];
  const { unet, text_encoder, tokenizer, scheduler } = loadParts(folder, names, options);
  const parts = { unet, textEncoder: text_encoder, tokenizer, scheduler } as CheckpointParts<S>;
  try {
    checkTextParts(folder, parts);
    return parts;
  } catch (error) {
    disposeParts({ unet, text_encoder });
    throw error;
  }
}

/**
 * A pipeline's folder whose every byte is as it was saved, as far as a manifest tells.
 *
 * @throws Error if it is no finished checkpoint, or a file is damaged
 */
export function checkedFolder(name: string, options: PretrainedOptions = {}): string {
  checkGiven('fromPretrained', options, { variant: TEXT_RULE });
  const { variant } = options;
  const folder = localFolder(name, { variant });
  readModelIndex(folder);
  const damage = existsSync(path.join(folder, MANIFEST_FILE)) ? findDamage(folder) : null;
  if (damage === null) return folder;
  throw new Error(`${folder} is not as it was saved: ${damage}. Get it again, or save it anew.`);
}

/**
 * The parts that model_index.json names, each by its class.
 *
 * @param wanted their names; default: all that are not null
 * @param options the variant is read of the parts that have it
 * @throws Error if one is missing or damaged, its class is not known, or no part has the variant; none is then left in
 *   memory
 */
export function loadParts(
  folder: string,
  wanted?: readonly string[],
  { variant }: PretrainedOptions = {},
): Record<string, Part> {
  const index = readModelIndex(folder);
  const isThere = ([, entry]: [string, unknown]) => Array.isArray(entry) && entry[1] !== null;
  const names =
    wanted ??
    Object.entries(index)
      .filter(isThere)
      .map(([name]) => name);
  const parts: Record<string, Part> = {};
  const hasVariant = (name: string) => variantsIn(path.join(folder, name)).includes(variant);
  if (variant !== undefined && !names.some(hasVariant)) {
    const weighted = names.filter((name) => variantsIn(path.join(folder, name)).length > 0);
    throw new Error(
      `${folder}: expected weights of the variant '${variant}' in ${weighted.join(' or ')}, found none. ` +
        "Leave out the option 'variant'.",
    );
  }
  try {
    for (const name of names) {
      parts[name] = loadPart(folder, index, name, hasVariant(name) ? { variant } : {});
    }
    loadCaptions(folder, parts['unet']);
    return parts;
  } catch (error) {
    disposeParts(parts);
    throw error;
  }
}

function disposeParts(parts: Readonly<Record<string, Part | undefined>>): void {
  for (const part of Object.values(parts)) (part as { dispose?: () => void })?.dispose?.();
}
