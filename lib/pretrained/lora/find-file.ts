/** Which file is meant by a folder's name. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { localFolder, isFolderName } from '../model-files';

/** diffusers' name of an adapter's file. */
export const LORA_WEIGHTS = 'pytorch_lora_weights.safetensors';
/** peft's names. */
export const PEFT_WEIGHTS = 'adapter_model.safetensors';
export const PEFT_CONFIG = 'adapter_config.json';

/** Whether a file of a repository is read to load an adapter of it. */
const isLoraFile = (name: string) => name === PEFT_CONFIG || /^[^/]+\.safetensors$/.test(name);

/**
 * The file that is meant: the one that is named, or the only one there is in a folder, or in the hub's cache of an id.
 *
 * @param weightName in the folder
 * @throws Error if there is none, or it is a pickle; HubError if the cache does not have the id
 */
export function loraFile(name: string, weightName?: string): string {
  const wanted = (file: string) =>
    weightName === undefined ? isLoraFile(file) : file === weightName;
  const place = isFolderName(name) ? name : localFolder(name, { wanted });
  const file = weightName === undefined ? place : path.join(place, weightName);
  if (!existsSync(file))
    throw new Error(`${file}: no such file or folder. Check the name of the adapter's file.`);
  const found = statSync(file).isDirectory() ? inFolder(file) : file;
  if (/\.(bin|pt|pth|ckpt|pkl)$/i.test(found)) {
    throw new Error(
      `${found}: expected a safetensors file, got a pickle, which can run code when it is read, and is not. Load it in ` +
        'Python and save it again as safetensors.',
    );
  }
  return found;
}

function inFolder(folder: string): string {
  const names = readdirSync(folder).filter((name) => /\.(safetensors|bin)$/.test(name));
  const known = [LORA_WEIGHTS, PEFT_WEIGHTS].find((name) => names.includes(name));
  const only = names.length === 1 ? names[0] : undefined;
  const name = known ?? only;
  if (name !== undefined) return path.join(folder, name);
  const there =
    names.length === 0
      ? 'no safetensors file'
      : `${names.sort().join(', ')}: name one by weightName`;
  throw new Error(`${folder}: expected ${LORA_WEIGHTS} or ${PEFT_WEIGHTS}, found ${there}.`);
}
