/** A tokenizer's folder: small files that are read and written as they are. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomically } from '../io/atomic-write';
import { localFolder } from './model-files';

/** CLIP's own; the folder is the same from lib/pretrained and from dist/pretrained. */
const PACKAGED_TOKENIZER = path.join(__dirname, '..', '..', 'data', 'clip-tokenizer');
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** A tokenizer is read with these where they are: those of another, written over, must not stay. */
const DECISIVE = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
];

/**
 * Those of the named files that are there.
 *
 * @param name a folder or a model id that the hub's cache has; default: CLIP's own tokenizer
 * @throws Error if one is too large or cannot be read, or for a model id that the cache does not have
 */
export function readFiles(
  name: string | undefined,
  fileNames: readonly string[],
): Record<string, Uint8Array> {
  const folder =
    name === undefined
      ? PACKAGED_TOKENIZER
      : localFolder(name, { wanted: (file) => fileNames.includes(file) });
  const there = fileNames.filter((file) => existsSync(path.join(folder, file)));
  return Object.fromEntries(there.map((file) => [file, read(path.join(folder, file))]));
}

function read(file: string): Uint8Array {
  const { size } = statSync(file);
  if (size <= MAX_FILE_BYTES) return readFileSync(file);
  throw new Error(`${file}: expected at most ${MAX_FILE_BYTES} bytes, found ${size}.`);
}

/** Writes files into a folder, each whole or not at all; those of another tokenizer are taken away. */
export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  mkdirSync(folder, { recursive: true });
  for (const file of DECISIVE) {
    if (!(file in files)) rmSync(path.join(folder, file), { force: true });
  }
  for (const [name, bytes] of Object.entries(files)) {
    writeFileAtomically(path.join(folder, name), [bytes]);
  }
}
