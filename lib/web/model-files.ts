/** The files of a model, in memory: fetched from a folder's address, or handed over by whoever has them. */

import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import { TOKENIZER_FILES } from '../models/clip-tokenizer-files';

/** Bytes by path within the model's folder, such as `unet/config.json`. */
export type ModelFileMap = Readonly<Record<string, Uint8Array>>;

export interface FetchModelOptions {
  /** Told how much has come, in bytes; `total` is undefined where the folder has no manifest.json. */
  readonly onProgress?: ((loaded: number, total: number | undefined) => void) | undefined;
  /** Ends the fetching, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const MANIFEST = 'manifest.json';
const NEEDED = [
  'model_index.json',
  'scheduler/scheduler_config.json',
  'unet/config.json',
  'unet/diffusion_pytorch_model.safetensors',
  'text_encoder/config.json',
  'text_encoder/model.safetensors',
];
const OPTIONAL = [...TOKENIZER_FILES.map((name) => `tokenizer/${name}`), 'captions.json'];

interface Manifest {
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

/**
 * Fetches a model's folder, of any static host. Its manifest.json says what there is; a folder without one is asked for each file
 * that a model may have.
 *
 * @param url the folder's, relative to the page's or whole
 * @throws Error naming the file that cannot be had
 */
export async function fetchModel(
  url: string | URL,
  { onProgress, signal }: FetchModelOptions = {},
): Promise<ModelFileMap> {
  const get = async (name: string, isNeeded: boolean): Promise<Uint8Array | undefined> => {
    const address = `${String(url).replace(/\/+$/, '')}/${name}`;
    let response: Response;
    try {
      response = await fetch(address, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw new Error(`${address} could not be fetched. Check the connection, and try again.`, {
        cause: error,
      });
    }
    if (!response.ok) {
      if (!isNeeded && response.status === 404) return undefined;
      throw new Error(
        `${address}: expected a file, the server answered ${response.status}. Check the folder's address.`,
      );
    }
    try {
      return new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      signal?.throwIfAborted();
      throw new Error(`${address} broke off. Check the connection, and try again.`, {
        cause: error,
      });
    }
  };
  const manifest = await get(MANIFEST, false);
  const sizes = manifest && manifestOf(manifest).files;
  const isRead = (name: string) => NEEDED.includes(name) || OPTIONAL.includes(name);
  const names = sizes ? Object.keys(sizes).filter(isRead) : [...NEEDED, ...OPTIONAL];
  const total = sizes && names.reduce((sum, name) => sum + sizes[name]!.size, 0);
  let loaded = 0;
  const entries = await Promise.all(
    names.map(async (name) => {
      const bytes = await get(name, sizes !== undefined || NEEDED.includes(name));
      loaded += bytes?.length ?? 0;
      onProgress?.(loaded, total);
      return [name, bytes] as const;
    }),
  );
  const there = entries.filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined);
  return Object.fromEntries(manifest ? [...there, [MANIFEST, manifest]] : there);
}

/** @throws Error if it is none */
function manifestOf(bytes: Uint8Array): Manifest {
  try {
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    const isFile = (file: unknown) =>
      typeof (file as Manifest['files'][string])?.size === 'number' &&
      typeof (file as Manifest['files'][string])?.sha256 === 'string';
    if (Object.values(manifest.files).every(isFile)) return manifest;
  } catch {
    // said below
  }
  throw new Error('manifest.json: expected sizes and hashes of files, got something else.');
}

/**
 * Compares files with the sizes and hashes of their manifest.json; those without one are not checked.
 *
 * @throws Error naming the first file that is another
 */
export function checkModelFiles(files: ModelFileMap): void {
  const manifest = files[MANIFEST];
  if (!manifest) return;
  const listed = manifestOf(manifest).files;
  for (const [name, bytes] of Object.entries(files)) {
    const expected = listed[name];
    if (name === MANIFEST || !expected) continue;
    if (bytes.length !== expected.size) {
      throw new Error(
        `${name}: expected ${expected.size} bytes, got ${bytes.length}. The file is cut off or another; get it again.`,
      );
    }
    if (bytesToHex(sha256(bytes)) !== expected.sha256) {
      throw new Error(
        `${name}: its SHA-256 is not the manifest's. The file is damaged; get it again.`,
      );
    }
  }
}
