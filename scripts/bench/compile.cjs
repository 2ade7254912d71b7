'use strict';
// Time and memory to trace and load the train step at batch 512, in one piece. Prints JSON.

const path = require('node:path');
const { answer, dist, inputs, memoryGb } = require('./process.cjs');
const { givenObjective, rowsOf } = require('./objective.cjs');

const { tf } = require(dist('backend/node/index.js'));
require(dist('pretrained/index.js')); // so that the parts below can read files
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { AdamW } = require(dist('optim/adamw.js'));
const { BLOG_SCHEDULER_CONFIG } = require(dist('mnist/presets.js'));
const { DDPMScheduler } = require(dist('schedulers/ddpm.js'));
const { TrainStep } = require(dist('training/train-step.js'));

const { folder, tensor, numbers } = inputs(tf, process.argv[2]);
const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
const table = tensor('embeddings');
const objective = givenObjective({
  unet,
  noiseScheduler: new DDPMScheduler(BLOG_SCHEDULER_CONFIG),
  captions: { encoderHiddenStates: (ids) => gatherRows(table, ids) },
});
const step = new TrainStep({ objective, optimizer: new AdamW(objective.parameters) });
const images = tensor('images.0');
objective.set({
  latents: images,
  captionIds: tf.tensor1d(numbers.batches[0].labels, 'int32'),
  noise: tensor('noise.0'),
  timesteps: tf.tensor1d(numbers.batches[0].timesteps, 'int32'),
});
const before = memoryGb();
const started = performance.now();
step.compile(rowsOf(images.shape[0], 0, images.shape[0]), 1);
const seconds = (performance.now() - started) / 1000;
answer({ seconds, memoryGb: memoryGb().peak - before.now });
