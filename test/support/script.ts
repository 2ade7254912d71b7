import { createRequire } from 'node:module';
import path from 'node:path';

/** The root of the clone. */
export const root = path.resolve(__dirname, '..', '..');

const load = createRequire(__filename);

/**
 * Loads a file of scripts/, which is plain JavaScript; the caller says what it exports.
 *
 * @param file relative to scripts/, for example `setup/check.mjs`
 */
export function loadScript<Exports>(file: string): Exports {
  return load(path.join(root, 'scripts', file)) as Exports;
}
