'use strict';
// Saves checkpoints until the disk is full (or once, if nothing may be written), then says what is there.
// Arguments: folder, bytes of a checkpoint.
const fs = require('node:fs');
const path = require('node:path');
const { commitCheckpoint } = require('../../../dist/io/runs/checkpoint-commit.js');
const { newestSound } = require('../../../dist/io/runs/checkpoint-folder.js');
const { fromFloat32Array, writeSafetensors } = require('../../../dist/io/safetensors/index.js');

const [folder, bytes] = process.argv.slice(2);
const warnings = [];
const onWarning = (message) => warnings.push(message);
const filesBelow = (at) =>
  fs.existsSync(at) ? fs.readdirSync(at, { recursive: true }).map(String).sort() : [];

/** What the last call that failed said. */
function attempt(run) {
  try {
    run();
    return null;
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
}

const size = Number(bytes);
const tensor = fromFloat32Array(new Float32Array(size / 4).fill(1), [size / 4]);
const write = (step) => (aside) => {
  fs.writeFileSync(path.join(aside, 'state.json'), JSON.stringify({ step }));
  writeSafetensors(path.join(aside, 'weights.safetensors'), new Map([['w', tensor]]));
};
let step = newestSound(folder, onWarning)?.step ?? 0;
let error = null;
while (error === null && step < 50) {
  step += 1;
  error = attempt(() => commitCheckpoint(folder, step, write(step), { keepLast: 50, onWarning }));
}
const afterError = filesBelow(folder);
// A single file, where one of that name is already.
const single = attempt(() => {
  const file = path.join(folder, 'single.safetensors');
  const large = new Float32Array(1e6);
  writeSafetensors(file, new Map([['w', fromFloat32Array(large, [1e6])]]));
});
const sound = newestSound(folder, onWarning)?.step ?? null;
// Room again: an older one is removed by hand, and saving goes on.
let goesOn = null;
if (error?.code === 'ENOSPC') {
  fs.rmSync(path.join(folder, 'checkpoint-1'), { recursive: true });
  goesOn = attempt(() => commitCheckpoint(folder, step, write(step), { keepLast: 50, onWarning }));
}
const final = newestSound(folder, onWarning)?.step ?? null;
const files = filesBelow(folder);
console.log(
  JSON.stringify({ step, error, afterError, single, sound, goesOn, final, files, warnings }),
);
