/** Models in the folder layout of diffusers and transformers: config.json beside one safetensors file. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { cachedSnapshot, hubCacheFolder, isModelId } from '../io/hub/cache';
import { fromFloat32Array, toFloat32Array, writeSafetensors } from '../io/safetensors';
import { hasWeights, openWeights } from '../io/safetensors/sharded';
import { stateDict, type StateDict } from '../nn/state-dict';

/** diffusers' name of a UNet's weights. */
export const DIFFUSION_WEIGHTS = 'diffusion_pytorch_model.safetensors';
/** transformers' name of a model's weights. */
export const TRANSFORMERS_WEIGHTS = 'model.safetensors';

/**
 * The folder of a model: the one that is named, or for a model id of the Hugging Face hub its snapshot in the hub's
 * cache. Nothing is downloaded.
 *
 * @param name a folder, or a model id such as `openai/clip-vit-base-patch32`
 * @throws Error if it is a model id that the cache does not have
 */
export function localFolder(name: string): string {
  if (existsSync(name) || !/^[^/]+\/[^/]+$/.test(name) || !isModelId(name)) return name;
  const snapshot = cachedSnapshot(name);
  if (snapshot !== null) return snapshot;
  throw new Error(
    `${name}: no such folder, and no model of that name in the hub's cache (${hubCacheFolder()}). ` +
      `Check the folder, or download the model first: await snapshotDownload('${name}').`,
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
  if (!existsSync(file)) throw new Error(`${file}: no such file. Check the folder's name.`);
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

/**
 * The weights in a model's folder, as float32: of one file, or of several with an index. They are read tensor by
 * tensor.
 *
 * @param wanted whether to read a tensor of this name; all unless told
 * @throws Error if the file is missing or damaged; a folder with pickle files only is refused, because
 * to read a pickle is to run it
 */
export function readWeights(
  folder: string,
  fileName: string,
  wanted: (name: string) => boolean = () => true,
): StateDict {
  if (!hasWeights(folder, fileName)) {
    const isPickle = (name: string) => /\.(bin|pt|pth|ckpt|pkl|msgpack|h5)$/.test(name);
    const pickle = existsSync(folder) ? readdirSync(folder).find(isPickle) : undefined;
    const hint =
      pickle === undefined
        ? "Check the folder's name."
        : `The folder has ${pickle}, which can run code when it is read, and is not. Load it in Python ` +
          'and save it again with save_pretrained(folder, safe_serialization=True).';
    throw new Error(`${path.join(folder, fileName)}: no such file. ${hint}`);
  }
  const files = openWeights(folder, fileName);
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

/**
 * Writes config.json and the weights; each file is replaced as a whole or not at all.
 *
 * @param floatKeys keys whose whole numbers are written with a decimal point: transformers 5 refuses 1
 * where it wants 1.0
 */
export function writeModel(
  folder: string,
  fileName: string,
  config: object,
  module: object,
  floatKeys: readonly string[] = [],
): void {
  mkdirSync(folder, { recursive: true });
  writeStateDict(path.join(folder, fileName), module);
  const json = JSON.stringify(config, null, 2).replace(
    /^ {2}"(\w+)": -?\d+(?=,?$)/gm,
    (line, key: string) => (floatKeys.includes(key) ? `${line}.0` : line),
  );
  writeFileAtomically(path.join(folder, 'config.json'), [`${json}\n`]);
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
