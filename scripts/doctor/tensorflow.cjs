'use strict';
// What the native binding says of itself, and one convolution with its gradient. Prints JSON.
// Runs in a process of its own: a broken native library can end a process without a word.

const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..', '..');
process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
require(path.join(root, 'native', 'node-util.cjs'));
const quiet = path.join(root, '.setup', 'native', 'quiet.node');
if (fs.existsSync(quiet)) require(quiet);

const tf = require(path.join(root, 'node_modules', '@tensorflow', 'tfjs-node-gpu'));
const { binding, isUsingGpuDevice } = tf.backend();

// The image 1…9 and a filter of ones: y = [12, 16, 24, 28] and, for the loss Σy²/2, the filter's
// gradient is the image convolved with y.
const image = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
const filter = tf.ones([2, 2, 1, 1]);
const loss = (weights) => tf.conv2d(image, weights, 1, 'valid').square().sum().div(2);
const { value, grad } = tf.valueAndGrad(loss)(filter);

console.log(
  JSON.stringify({
    tensorflow: binding.TF_Version,
    tfjs: tf.version['tfjs-core'],
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
    loss: value.dataSync()[0],
    gradient: [...grad.dataSync()],
  }),
);
