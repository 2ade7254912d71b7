'use strict';
// What nvidia-smi says.

const { spawnSync } = require('node:child_process');

/** MB of the device that this process holds; null where that is not known. */
function deviceMemoryMb() {
  const args = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];
  const { stdout } = spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout: 20_000 });
  const own = stdout?.split('\n').find((line) => Number.parseInt(line, 10) === process.pid);
  const used = Number(own?.split(',')[1]);
  return Number.isFinite(used) ? used : null;
}

module.exports = { deviceMemoryMb };
