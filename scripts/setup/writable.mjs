// Whether something can be written, asked beforehand: a clone may be mounted read-only, or be somebody else's.
import fs from 'node:fs';
import path from 'node:path';

/** Whether something can be written at a place that need not be there yet. */
export function isWritable(place) {
  let above = place;
  while (!fs.existsSync(above)) above = path.dirname(above);
  try {
    fs.accessSync(above, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
