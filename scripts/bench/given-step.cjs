'use strict';
// The train step of a benchmark in this library: the blog's UNet, on batches that are given.

const path = require('node:path');
const { dist } = require('./process.cjs');
const { givenObjective } = require('./objective.cjs');

require(dist('backend/node/index.js'));
require(dist('pretrained/index.js')); // so that the parts below can read files
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { AdamW } = require(dist('optim/adamw.js'));
const { BLOG_SCHEDULER_CONFIG } = require(dist('mnist/presets.js'));
const { DDPMScheduler } = require(dist('schedulers/ddpm.js'));
const { TrainStep } = require(dist('training/train-step.js'));

/**
 * @param folder of the inputs, where the UNet is
 * @param tensor reads one of them
 * @param precision of losses and gradients; float32 by default
 * @returns the `objective`, which is to be given a batch, and its `step`
 */
function givenStep({ folder, tensor }, precision) {
  const unet = UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
  const table = tensor('embeddings');
  const objective = givenObjective({
    unet,
    noiseScheduler: new DDPMScheduler(BLOG_SCHEDULER_CONFIG),
    captions: { encoderHiddenStates: (ids) => gatherRows(table, ids) },
  });
  const optimizer = new AdamW(objective.parameters);
  return { objective, step: new TrainStep({ objective, optimizer, precision }) };
}

module.exports = { givenStep };
