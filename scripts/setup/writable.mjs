// Whether something can be written or run, asked beforehand: a clone may be mounted read-only or noexec, or be somebody else's.
import { spawnSync } from 'node:child_process';
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

/** Whether programs and libraries in a folder are run: not where its disk is mounted with noexec. */
export function isExecutable(folder) {
  const file = path.join(folder, `.executable.${process.pid}`);
  try {
    fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 });
    const { error } = spawnSync(file);
    return !error || error.code !== 'EACCES';
  } finally {
    fs.rmSync(file, { force: true });
  }
}
