/**
 * The parts of a pipeline as folders, by class name: what diffusers writes into model_index.json, `"unet": ["diffusers",
 * "UNet2DConditionModel"]`, and loads by.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { MANIFEST_FILE } from '../io/runs/manifest';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import type { Part, PretrainedOptions } from '../models/pretrained';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import { SCHEDULER_CLASSES } from '../schedulers/by-class-name';
import { saveCaptions } from './captions-file';
import { readJsonObject, writeStateDict, TRANSFORMERS_WEIGHTS } from './model-files';
import { loadScheduler, saveScheduler } from './scheduler-files';

export const MODEL_INDEX_FILE = 'model_index.json';

/** The Python library that has the class; this package for classes that only it knows. */
const OWN_LIBRARY = 'stable-diffusion-mnist';

interface PartClass {
  readonly library: string;
  /** The class itself; its instances are saved under the name. */
  readonly type: { readonly prototype: Part };
  readonly load: (folder: string, options: PretrainedOptions) => Part;
}

const CLASSES = new Map<string, PartClass>([
  [
    'UNet2DConditionModel',
    {
      library: 'diffusers',
      type: UNet2DConditionModel,
      load: (folder, options) => UNet2DConditionModel.fromPretrained(folder, options),
    },
  ],
  [
    'CLIPTextModel',
    {
      library: 'transformers',
      type: CLIPTextModel,
      load: (folder, options) => CLIPTextModel.fromPretrained(folder, options),
    },
  ],
  [
    'CLIPTokenizer',
    {
      library: 'transformers',
      type: CLIPTokenizer,
      load: (folder) => CLIPTokenizer.fromPretrained(folder),
    },
  ],
  ...Object.entries(SCHEDULER_CLASSES).map(([name, type]): [string, PartClass] => [
    name,
    { library: 'diffusers', type, load: (folder) => loadScheduler<Part>(folder, type) },
  ]),
]);

/** Names that Python writes for the same class. */
const ALIASES: Readonly<Record<string, string>> = { CLIPTokenizerFast: 'CLIPTokenizer' };

/**
 * Lets a class of the caller's be loaded by its name in model_index.json, and saved under it.
 *
 * @param name for example `MyTextEncoder`
 * @param load makes a part from its folder
 */
export function registerPartClass(
  name: string,
  type: PartClass['type'],
  load: PartClass['load'],
  library = OWN_LIBRARY,
): void {
  CLASSES.set(name, { library, type, load });
}

/** `[library, class name]`, as in model_index.json. */
function classOf(part: Part): [string, string] {
  for (const [name, { library, type }] of CLASSES) {
    if (part.constructor === type) return [library, name];
  }
  return [OWN_LIBRARY, part.constructor.name];
}

const STABLE_DIFFUSION = {
  feature_extractor: [null, null],
  image_encoder: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  vae: [null, null],
};

/** What a pipeline's class has beside its parts. */
const PIPELINE_KEYS: Readonly<Record<string, object>> = {
  StableDiffusionPipeline: STABLE_DIFFUSION,
  StableDiffusionInpaintPipeline: STABLE_DIFFUSION,
};

interface Savable {
  savePretrained(folder: string): void;
}
const isSavable = (part: Part): part is Savable =>
  typeof (part as Partial<Savable>).savePretrained === 'function';

function savePart(folder: string, part: Part): void {
  if (isSavable(part)) return part.savePretrained(folder);
  if ('timesteps' in part && 'toJSON' in part) {
    return saveScheduler(folder, part as { toJSON(): Record<string, unknown> });
  }
  mkdirSync(folder, { recursive: true });
  writeStateDict(path.join(folder, TRANSFORMERS_WEIGHTS), part);
}

/**
 * Writes each part into its folder and model_index.json last; it is taken away first from a folder that is written over:
 * one without it was not finished.
 *
 * @param pipelineClass the class that Python loads the folder as
 * @throws Error if a file cannot be written
 */
export function saveParts(
  given: string,
  pipelineClass: string,
  parts: Readonly<Record<string, Part>>,
): void {
  const folder = path.resolve(given);
  for (const file of [MODEL_INDEX_FILE, MANIFEST_FILE]) {
    rmSync(path.join(folder, file), { force: true });
  }
  for (const [name, part] of Object.entries(parts)) savePart(path.join(folder, name), part);
  saveCaptions(folder, parts['unet']);
  const classes = Object.entries(parts).map(([name, part]) => [name, classOf(part)] as const);
  const keys = { ...PIPELINE_KEYS[pipelineClass], ...Object.fromEntries(classes) };
  const sorted = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1));
  const index = { _class_name: pipelineClass, ...Object.fromEntries(sorted) };
  const json = `${JSON.stringify(index, null, 2)}\n`;
  writeFileAtomically(path.join(folder, MODEL_INDEX_FILE), [json]);
}

/**
 * Loads one part by the class that model_index.json names for it.
 *
 * @param index model_index.json, as `readModelIndex` gives it
 * @throws Error if the index does not have the part, or its class is not known here
 */
export function loadPart(
  folder: string,
  index: Record<string, unknown>,
  name: string,
  options: PretrainedOptions = {},
): Part {
  const entry = index[name];
  const [, className] = Array.isArray(entry) ? (entry as unknown[]) : [];
  const file = path.join(folder, MODEL_INDEX_FILE);
  if (typeof className !== 'string') {
    const got = JSON.stringify(entry) ?? 'nothing';
    throw new Error(`${file}: expected "${name}": [library, class], got ${got}.`);
  }
  const partClass = CLASSES.get(ALIASES[className] ?? className);
  if (partClass) return partClass.load(path.join(folder, name), options);
  throw new Error(
    `${file}: expected the class of "${name}" to be one of ${[...CLASSES.keys()].join(', ')}, got ` +
      `${className}. registerPartClass makes others known.`,
  );
}

/** @throws Error if the folder has no model_index.json: it is no finished checkpoint */
export function readModelIndex(folder: string): Record<string, unknown> {
  if (!existsSync(path.join(folder, MODEL_INDEX_FILE))) {
    throw new Error(
      `${folder}: expected a checkpoint with model_index.json, found none. ` +
        'Check the folder, or train first (notebook 04-train saves one).',
    );
  }
  return readJsonObject(path.join(folder, MODEL_INDEX_FILE));
}
