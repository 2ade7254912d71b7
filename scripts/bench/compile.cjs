'use strict';
// Time and memory to trace and load the train step at batch 512, in one piece. Prints JSON.

const path = require('node:path');
const { answer, dist, inputs, memoryGb } = require('./process.cjs');

const { tf } = require(dist('backend/index.js'));
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { namedParameters } = require(dist('nn/state-dict.js'));
const { AdamW } = require(dist('optim/adamw.js'));
const { BLOG_SCHEDULER_CONFIG } = require(dist('mnist/presets.js'));
const { DDPMScheduler } = require(dist('schedulers/ddpm.js'));
const { TrainStep } = require(dist('training/train-step.js'));

const { folder, tensor, numbers } = inputs(tf, process.argv[2]);
const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
const parameters = namedParameters(unet);
const table = tensor('embeddings');
const step = new TrainStep({
  unet,
  captions: { hiddenStates: (labels) => gatherRows(table, labels) },
  noiseScheduler: new DDPMScheduler(BLOG_SCHEDULER_CONFIG),
  optimizer: new AdamW(parameters, { lr: 1e-3 }),
  parameters,
});
const batch = {
  images: tensor('images.0'),
  labels: tf.tensor1d(numbers.batches[0].labels, 'int32'),
  noise: tensor('noise.0'),
  timesteps: tf.tensor1d(numbers.batches[0].timesteps, 'int32'),
};
const before = memoryGb();
const started = performance.now();
step.compile(batch, 1);
const seconds = (performance.now() - started) / 1000;
answer({ seconds, memoryGb: memoryGb().peak - before.now });
