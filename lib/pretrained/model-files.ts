/** Models in the folder layout of diffusers and transformers: config.json beside one safetensors file. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { hubCacheFolder, modelOfSnapshot } from '../io/hub/cache';
import { HubError, IncompleteSnapshotError } from '../io/hub/errors';
import { isModelId } from '../io/hub/names';
import { findSnapshot, type FoundSnapshot } from '../io/hub/snapshots';
import { fromFloat32Array, toFloat32Array, writeSafetensors } from '../io/safetensors';
import { hasWeights, openWeights } from '../io/safetensors/sharded';
import { indexNames, isPickle, parseWeightName, withVariant } from '../io/safetensors/weight-names';
import type {
  ModelFiles,
  ModelLibrary,
  PretrainedOptions,
  ReadModelOptions,
} from '../models/pretrained';
import { registryOf } from '../nn/lora/registry';
import { stateDict, type StateDict } from '../nn/state-dict';
import { FUNCTION_RULE, TEXT_RULE, checkGiven, requireText } from '../options';

/** diffusers' name of a UNet's weights. */
export const DIFFUSION_WEIGHTS = 'diffusion_pytorch_model.safetensors';
/** transformers' name of a model's weights. */
export const TRANSFORMERS_WEIGHTS = 'model.safetensors';

const WEIGHTS: Readonly<Record<ModelLibrary, string>> = {
  diffusers: DIFFUSION_WEIGHTS,
  transformers: TRANSFORMERS_WEIGHTS,
};

/** A model's config and weights; see `PretrainedFiles`. */
export function readModel(
  name: string,
  library: ModelLibrary,
  options: ReadModelOptions = {},
): ModelFiles {
  checkGiven('fromPretrained', options, { variant: TEXT_RULE, wanted: FUNCTION_RULE });
  const { variant, wanted } = options;
  const folder = localFolder(name, { variant, wanted: isModelFile });
  const config = readJsonObject(path.join(folder, 'config.json'));
  const weights = readWeights(folder, WEIGHTS[library], { variant, ...(wanted && { wanted }) });
  return { config, weights, from: path.join(folder, withVariant(WEIGHTS[library], variant)) };
}

/** What is read of a model's folder. */
export interface ReadFiles extends PretrainedOptions {
  /** Whether a file of the repository is read. Default: all that load a model. */
  readonly wanted?: (path: string) => boolean;
}

/** Whether a file of a repository is read to load one model of it: its config and its weights. */
export const isModelFile = (name: string): boolean =>
  name === 'config.json' || (!name.includes('/') && parseWeightName(name) !== undefined);

/**
 * The folder of a model: the one that is named, or for a model id of the Hugging Face hub its snapshot in the hub's
 * cache. Nothing is downloaded.
 *
 * @param name a folder, or a model id such as `openai/clip-vit-base-patch32`
 * @returns its absolute path
 * @throws Error if it is a model id that the cache does not have; IncompleteSnapshotError if what is read of it is
 *   missing in the cache, naming the files
 */
export function localFolder(name: string, { variant, wanted }: ReadFiles = {}): string {
  requireText('fromPretrained', name, "a folder, or a model's id as 'owner/name'");
  if (isFolderName(name)) return path.resolve(name);
  const part = wanted && foundPart(name, { variant, wanted });
  if (part?.missing.length === 0) return part.folder;
  const found = findSnapshot(name, { variant });
  const call = downloadCall(name, variant);
  if (found === null) throw new Error(noSuchModel(name, call, wanted === undefined));
  if (found.missing.length === 0) return found.folder;
  const { folder, missing } = found;
  throw new IncompleteSnapshotError(name, folder, missing, `Download the rest first: ${call}.`);
}

/** Whether a name is that of a folder or file rather than a model's id of the hub. */
export const isFolderName = (name: string): boolean =>
  existsSync(name) || !/^[^/]+\/[^/]+$/.test(name) || !isModelId(name);

/** Where a folder is; of a model of the hub its id. */
export const placeOf = (name: string): string => (isFolderName(name) ? path.resolve(name) : name);

/** As a cell or a program calls it that imports the library as `sd`. */
function downloadCall(model: string, variant?: string): string {
  return `await sd.snapshotDownload('${model}'${variant === undefined ? '' : `, { variant: '${variant}' }`})`;
}

/** @param isPipeline of several parts: most of those on the hub have one that this library does not know */
function noSuchModel(name: string, call: string, isPipeline: boolean): string {
  const folder = path.resolve(name);
  const near = folderAbove(name);
  const meant = near === undefined ? '' : ` Did you mean ${near}, which is there?`;
  const limit = isPipeline
    ? ' Pipelines with a VAE, as Stable Diffusion itself, cannot be loaded.'
    : '';
  return (
    `${folder}: no such folder, and no model ${name} in the hub's cache (${hubCacheFolder()}).${meant} ` +
    `Check the folder; a model of the hub is downloaded first: ${call}.${limit}`
  );
}

/** A folder of that name below a folder above the working folder: a notebook may lie deeper than it is thought to. */
function folderAbove(name: string): string | undefined {
  let above = process.cwd();
  while (path.dirname(above) !== above) {
    above = path.dirname(above);
    if (existsSync(path.join(above, name))) return path.join(above, name);
  }
  return undefined;
}

/** What the cache has of the files that are read; null if the model has none such. */
function foundPart(name: string, choice: ReadFiles): FoundSnapshot | null {
  try {
    return findSnapshot(name, choice);
  } catch (error) {
    if (error instanceof HubError) return null; // what the whole lacks tells more
    throw error;
  }
}

/** What to do when a file is missing. */
function remedy(folder: string): string {
  const model = modelOfSnapshot(folder);
  if (model === undefined) return "Check the folder's name.";
  return (
    `The hub's cache has only a part of ${model}, or the model has no such file. ` +
    `Download it whole: ${downloadCall(model)}.`
  );
}

/**
 * A JSON file that holds one object.
 *
 * @param parse for files that are not quite JSON
 * @throws Error if it is missing, is no JSON, or holds anything else
 */
export function readJsonObject(
  file: string,
  parse: (text: string) => unknown = JSON.parse,
): Record<string, unknown> {
  if (!existsSync(file)) throw new Error(`${file}: no such file. ${remedy(path.dirname(file))}`);
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: expected JSON, got: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${file}: expected a JSON object.`);
  }
  return value as Record<string, unknown>;
}

export interface ReadWeightsOptions extends PretrainedOptions {
  /** Whether to read a tensor of this name. Default: all. */
  readonly wanted?: (name: string) => boolean;
}

/**
 * The weights in a model's folder, as float32: of one file, or of several with an index. They are read tensor by
 * tensor.
 *
 * @param fileName without a variant
 * @throws Error if the file is missing or damaged, naming the option if only another variant is there; a folder with
 * pickle files only is refused, because to read a pickle is to run it
 */
export function readWeights(
  folder: string,
  fileName: string,
  { wanted = () => true, variant }: ReadWeightsOptions = {},
): StateDict {
  if (!hasWeights(folder, fileName, variant)) {
    const missing = path.join(folder, withVariant(fileName, variant));
    throw new Error(`${missing}: no such file. ${insteadOf(folder, fileName, variant)}`);
  }
  const files = openWeights(folder, fileName, variant);
  try {
    const weights: StateDict = new Map();
    for (const name of files.names) {
      if (name.endsWith('position_ids') || !wanted(name)) continue; // a constant that old transformers saved
      const tensor = files.read(name);
      weights.set(name, { shape: tensor.shape, data: toFloat32Array(tensor, name) });
    }
    return weights;
  } finally {
    files.close();
  }
}

/** The variants of the weights in a folder; undefined: those without a name. */
export function variantsIn(folder: string): (string | undefined)[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.flatMap((name) => parseWeightName(name) ?? []);
  return [...new Set(found.map(({ variant }) => variant))];
}

/** What to do about weights that are missing, from what is there instead. */
function insteadOf(folder: string, fileName: string, variant: string | undefined): string {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const stem = fileName.replace(/\.safetensors$/, '');
  const others = names.filter((name) => parseWeightName(name)?.stem === stem);
  const plain = others.find((name) => parseWeightName(name)?.variant === undefined);
  const other = plain ?? others[0];
  if (other !== undefined) {
    const found = parseWeightName(other)?.variant;
    if (found === variant) {
      const [index] = indexNames(fileName, variant);
      return `The folder has ${other}, but not the index ${index}, which belongs to it: get that, too.`;
    }
    const option = found === undefined ? "leave out 'variant'" : `pass { variant: '${found}' }`;
    return `The folder has ${other}: ${option} to read it.`;
  }
  const pickle = names.find(isPickle);
  if (pickle === undefined) return remedy(folder);
  return (
    `The folder has ${pickle}, which can run code when it is read, and is not. Load it in Python ` +
    'and save it again with save_pretrained(folder, safe_serialization=True).'
  );
}

/**
 * Writes config.json and the weights; each file is replaced as a whole or not at all.
 *
 * @param floatKeys keys whose whole numbers are written with a decimal point: transformers 5 refuses 1
 * where it wants 1.0
 */
export function writeModel(
  folder: string,
  library: ModelLibrary,
  config: object,
  module: object,
  floatKeys: readonly string[] = [],
): void {
  checkWithoutAdapters(folder, module);
  mkdirSync(folder, { recursive: true });
  writeStateDict(path.join(folder, WEIGHTS[library]), module);
  const json = JSON.stringify(config, null, 2).replace(
    /^ {2}"(\w+)": -?\d+(?=,?$)/gm,
    (line, key: string) => (floatKeys.includes(key) ? `${line}.0` : line),
  );
  writeFileAtomically(path.join(folder, 'config.json'), [`${json}\n`]);
}

/** @throws Error if adapters change what the model does: its own weights are without them */
function checkWithoutAdapters(folder: string, module: object): void {
  const names = registryOf(module)?.computedNames ?? [];
  if (names.length === 0) return;
  throw new Error(
    `${folder}: expected a model without adapters, got ${module.constructor.name} with ` +
      `${names.map((name) => `'${name}'`).join(', ')}, which its file would not hold. saveLoraWeights writes an adapter; ` +
      'fuseLora makes it part of the weights; setAdapters(model, []) saves the model without it.',
  );
}

/** Writes a module's weights as safetensors, by torch's names and in torch's layouts. */
export function writeStateDict(file: string, module: object): void {
  const entries = [...stateDict(module)].map(
    ([name, { data, shape }]) => [name, fromFloat32Array(data, shape)] as const,
  );
  writeSafetensors(file, new Map(entries), { format: 'pt' });
}

/**
 * The weights in a module's folder, under either library's name.
 *
 * @throws as `readWeights`
 */
export function readModuleWeights(folder: string): StateDict {
  const isDiffusion = hasWeights(folder, DIFFUSION_WEIGHTS);
  return readWeights(folder, isDiffusion ? DIFFUSION_WEIGHTS : TRANSFORMERS_WEIGHTS);
}
