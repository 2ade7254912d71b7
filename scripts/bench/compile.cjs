'use strict';
// Time and memory to trace and load the train step at batch 512, in one piece. Prints JSON.

const { answer, dist, inputs, memoryGb } = require('./process.cjs');
const { rowsOf } = require('./objective.cjs');
const { givenStep } = require('./given-step.cjs');

const { tf } = require(dist('backend/node/index.js'));

const given = inputs(tf, process.argv[2]);
const { tensor, numbers } = given;
const { objective, step } = givenStep(given);
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
