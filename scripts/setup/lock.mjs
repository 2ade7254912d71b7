// One set-up at a time: a second one waits until the first has ended.
import fs from 'node:fs';
import path from 'node:path';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether the process that wrote a lock still runs. */
export function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function owner(file) {
  try {
    return Number.parseInt(fs.readFileSync(file, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

function tryCreate(file) {
  // Written aside and linked, so that nobody ever reads a lock without its owner's number.
  const own = `${file}.${process.pid}`;
  fs.writeFileSync(own, `${process.pid}\n`);
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.unlinkSync(own);
  }
}

function removeStale(file) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    fs.renameSync(file, aside);
  } catch {
    return; // somebody else has removed it
  }
  // Between the look and the rename a live process may have taken the lock: give it back.
  if (isAlive(owner(aside))) {
    try {
      fs.linkSync(aside, file);
    } catch {
      // a third process has it by now; the one robbed of it goes on without
    }
  }
  fs.unlinkSync(aside);
}

/**
 * Takes the lock, waiting for a live owner and clearing away a dead one's.
 *
 * @param {string} file
 * @param {(pid: number) => void} onWait called once if there is somebody to wait for
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(file, onWait = () => {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!tryCreate(file)) {
    const pid = owner(file);
    if (!isAlive(pid)) {
      removeStale(file);
      continue;
    }
    if (!told) onWait(pid);
    told = true;
    await pause(300);
  }
  const release = () => {
    process.removeListener('exit', release);
    if (owner(file) === process.pid) fs.unlinkSync(file);
  };
  process.on('exit', release);
  return release;
}
