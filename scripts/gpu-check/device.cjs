'use strict';
// What nvidia-smi says.

const { spawnSync } = require('node:child_process');

/** The output of nvidia-smi, or null where there is none or it fails. */
function nvidiaSmi(...args) {
  const { status, stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? stdout.trim() : null;
}

/** `NVIDIA H100 80GB HBM3, 550.54.15, 81559 MiB`, a line for each card; null where there is none. */
const cards = () =>
  nvidiaSmi('--query-gpu=name,driver_version,memory.total', '--format=csv,noheader');

/** MB of the device that this process holds; null where that is not known. */
function deviceMemoryMb() {
  const lines = nvidiaSmi('--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits');
  const own = lines?.split('\n').find((line) => Number.parseInt(line, 10) === process.pid);
  const used = Number(own?.split(',')[1]);
  return Number.isFinite(used) ? used : null;
}

module.exports = { cards, deviceMemoryMb };
