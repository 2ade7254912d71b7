/** captions.json beside model_index.json: the texts that a model was trained with. Python's libraries pass it over. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { learntCaptions, noteCaptions } from '../conditioning/learnt-captions';
import { writeFileAtomically } from '../io/atomic-write';

const CAPTIONS_FILE = 'captions.json';

/** Writes what is known of the model; a folder that is written over does not keep what another had. */
export function saveCaptions(folder: string, model: object | undefined): void {
  const file = path.join(folder, CAPTIONS_FILE);
  const captions = model && learntCaptions(model);
  if (captions) writeFileAtomically(file, [`${JSON.stringify(captions, null, 1)}\n`]);
  else rmSync(file, { force: true });
}

/** Notes what the folder says; nothing if it says nothing, or what cannot be read. */
export function loadCaptions(folder: string, model: object | undefined): void {
  const file = path.join(folder, CAPTIONS_FILE);
  if (!model || !existsSync(file)) return;
  let captions: unknown;
  try {
    captions = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return;
  }
  const isText = (value: unknown) => typeof value === 'string';
  if (Array.isArray(captions) && captions.every(isText)) noteCaptions(model, captions as string[]);
}
