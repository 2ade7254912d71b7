'use strict';
// The objective of a benchmark: batches that are given, not drawn, so that both sides train on the same ones.

const { dist } = require('./process.cjs');

const { tf } = require(dist('backend/index.js'));
const { inHalves } = require(dist('jit/index.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { namedParameters } = require(dist('nn/state-dict.js'));
const { diffusionLoss } = require(dist('training/diffusion-loss.js'));

/**
 * @param unet what is trained
 * @param noiseScheduler of the training
 * @param captions has `encoderHiddenStates(captionIds)`
 * @param trained modules by name; the UNet alone by default
 */
function givenObjective({ unet, noiseScheduler, captions, trained = { unet } }) {
  const held = {}; // variables: a traced step sees the present batch
  return {
    parameters: namedParameters(trained),
    set(batch) {
      for (const [name, tensor] of Object.entries(batch)) {
        if (held[name]) held[name].assign(tensor);
        else held[name] = tf.variable(tensor, false);
      }
    },
    draw: ({ indices, rows }) =>
      Object.fromEntries(
        Object.entries(held).map(([name, x]) => {
          return [name, rows.shape[0] === indices.shape[0] ? x : gatherRows(x, rows)];
        }),
      ),
    loss: ({ captionIds, ...batch }) =>
      tf.tidy(() => {
        const encoderHiddenStates = captions.encoderHiddenStates(captionIds);
        const lossOf = (part) => diffusionLoss({ unet, noiseScheduler }, part);
        return inHalves(lossOf, { ...batch, encoderHiddenStates });
      }),
  };
}

/** A step's input for some rows of a batch of that size; the caller disposes its tensors. */
function rowsOf(size, start, count) {
  const indices = tf.range(0, size, 1, 'int32');
  return { indices, rows: tf.range(start, start + count, 1, 'int32'), keys: {} };
}

module.exports = { givenObjective, rowsOf };
