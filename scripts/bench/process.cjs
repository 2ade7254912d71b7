'use strict';
// What our processes of a benchmark share: where the library is, the inputs, answers, memory.

const fs = require('node:fs');
const path = require('node:path');
const { installLibraryTraces } = require('../../kernel/library-traces.cjs');

installLibraryTraces();

const root = path.resolve(__dirname, '..', '..');
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
const quiet = path.join(root, '.setup', 'native', 'quiet.node');
if (fs.existsSync(quiet)) require(quiet);

/** A compiled file of lib/. */
const dist = (file) => path.join(root, 'dist', file);

/** One line for the process that started this one. */
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

/** Resident memory of this process in GB: now, and the most it ever was. */
function memoryGb() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const field = (name) => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) * 1024) / 1e9;
  return { now: field('VmRSS'), peak: field('VmHWM') };
}

/** What inputs.cjs has written. */
function inputs(tf, folder) {
  const { readSafetensors, toFloat32Array } = require(dist('io/safetensors/index.js'));
  const numbers = JSON.parse(fs.readFileSync(path.join(folder, 'inputs.json'), 'utf8'));
  const { tensors } = readSafetensors(path.join(folder, 'tensors.safetensors'));
  const tensor = (name) => {
    const found = tensors.get(name);
    return tf.tensor(toFloat32Array(found, name), [...found.shape]);
  };
  return { folder, numbers, tensor };
}

module.exports = { answer, dist, inputs, memoryGb };
