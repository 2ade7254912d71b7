/** Names of runs, which become folders. */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import * as path from 'node:path';

/** Windows keeps these for devices, with any ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** The nearest name that is allowed, where one can be told: `my first run` → `my-first-run`. */
function nearestName(name: unknown): string | null {
  if (typeof name !== 'string') return null;
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const words = plain.split(/[^A-Za-z0-9._-]+/).filter((word) => /[A-Za-z0-9]/.test(word));
  const near = words.join('-').replace(/^[^A-Za-z0-9]+/, '').replace(/\.+$/, '').slice(0, 100);
  const leadsOut = /[/\\]|\.\./.test(plain);
  return NAME.test(near) && !DEVICE.test(near) && !leadsOut ? near : null;
}

/**
 * The folder of that name inside a root folder. Nothing is created.
 *
 * @param name letters, digits, `-`, `_` and `.`, beginning with a letter or digit; at most 100
 * @throws Error if the name could lead elsewhere: `..`, a separator, a device of Windows, a link out of the root
 */
export function folderInside(root: string, name: string): string {
  if (typeof name !== 'string' || !NAME.test(name) || name.endsWith('.') || DEVICE.test(name)) {
    const near = nearestName(name);
    throw new Error(
      `expected a name like 'mnist-cpu' (letters, digits, '-', '_', '.'; at most 100, a letter or digit first), ` +
        `got ${JSON.stringify(String(name).slice(0, 120))}.${near === null ? '' : ` Try '${near}'.`}`,
    );
  }
  const folder = path.join(root, name);
  const isLink = lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  const leaves =
    isLink &&
    !(existsSync(folder) && realpathSync(folder).startsWith(realpathSync(root) + path.sep));
  if (!leaves) return folder;
  throw new Error(
    `${folder}: expected a folder inside ${root}, got a link out of it. ` +
      'Remove the link, or set SDM_CHECKPOINTS to where it leads.',
  );
}
