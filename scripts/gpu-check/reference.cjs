'use strict';
// The reference cases of test/fixtures: their weights and inputs are drawn (test/fixtures/README.md), what PyTorch made of them is kept.

const fs = require('node:fs');
const path = require('node:path');
const { dist } = require('../bench/process.cjs');
const { checkDigest, drawing } = require('../goldens/drawn.cjs');

const { tf } = require(dist('backend/node/index.js'));
const { readSafetensors, toFloat32Array, toInt32Array } = require(dist('io/safetensors/index.js'));

const fixtures = path.join(__dirname, '..', '..', 'test', 'fixtures');
const { uniform, drawnWeights } = drawing(require(dist('random/index.js')));

const readJson = (folder, file) =>
  JSON.parse(fs.readFileSync(path.join(fixtures, folder, file), 'utf8'));

/** @returns the case's config, its weights as a state dict, and `get(name)`, its inputs and what PyTorch gave: `{ shape, data }` */
function referenceCase(folder) {
  const { seed, sha256, shapes } = readJson(folder, 'weights.json');
  const weights = drawnWeights(seed, folder, shapes);
  checkDigest(weights, sha256, `${folder}/weights.json`);
  const { tensors, metadata } = readSafetensors(path.join(fixtures, folder, 'case.safetensors'));
  const golden = new Map();
  for (const [name, tensor] of tensors) {
    const data = /^B?F\d/.test(tensor.dtype)
      ? toFloat32Array(tensor, name)
      : toInt32Array(tensor, name);
    golden.set(name, { shape: [...tensor.shape], data });
  }
  const inputs = JSON.parse(metadata['drawn'] ?? '{"tensors":{}}');
  const more = Object.entries(inputs.tensors).map(([name, { shape, radius }]) => {
    return [name, uniform(inputs.seed, `${folder}/${name}`, shape, { radius })];
  });
  if (more.length > 0) checkDigest(new Map(more), inputs.sha256, `${folder}/case.safetensors`);
  const all = new Map([...golden, ...more]);
  const get = (name) => all.get(name);
  return { config: readJson(folder, 'config.json'), weights, get, has: (name) => all.has(name) };
}

/** Torch's [B, C, H, W] as [B, H, W, C]. */
const nhwc = ({ data, shape }) => tf.tidy(() => tf.transpose(tf.tensor(data, shape), [0, 2, 3, 1]));

/** [B, H, W, C] as numbers in torch's order. */
const nchw = (x) => tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]).dataSync());

/** The largest difference, over the largest number of the reference. NaN counts as infinite. */
function ofLargest(actual, expected) {
  let [difference, largest] = [actual.length === expected.length ? 0 : Infinity, 0];
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    difference = Math.max(difference, Number.isNaN(d) ? Infinity : d);
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference / largest;
}

/** ‖actual − expected‖ / ‖expected‖. NaN counts as infinite. */
function inNorm(actual, expected) {
  const difference = Math.hypot(...Array.from(expected, (x, i) => x - actual[i]));
  return Number.isNaN(difference) ? Infinity : difference / Math.hypot(...expected);
}

module.exports = { inNorm, nchw, nhwc, ofLargest, referenceCase };
