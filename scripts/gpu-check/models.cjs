'use strict';
// UNet and text encoder against diffusers and transformers: outputs and gradients, op by op and as graphs.

const { dist } = require('../bench/process.cjs');
const { inNorm, nchw, nhwc, ofLargest, referenceCase } = require('./reference.cjs');

const { tf } = require(dist('backend/node/index.js'));
const { jit } = require(dist('jit/index.js'));
const { CLIPTextModel } = require(dist('models/clip-text-model.js'));
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { loadStateDict, namedParameters, toHost } = require(dist('nn/state-dict.js'));
const { Generator } = require(dist('random/index.js'));

const init = () => new Generator(0).stream('init');

/** The loss's gradients as they are kept: whole ones, or the norms of the large ones. Those that are rounding noise are left out. */
function worstGradient(parameters, grads, { get, has }) {
  const reference = (name) => get(`grad.${name}`) ?? get(`gradnorm.${name}`);
  const names = [...parameters.keys()];
  const noise = 1e-6 * Math.hypot(...names.map((name) => Math.hypot(...reference(name).data)));
  let worst = 0;
  for (const [name, variable] of parameters) {
    const { data } = toHost(grads[variable.name]);
    const expected = reference(name).data;
    if (Math.hypot(...expected) < noise) continue;
    const actual = has(`grad.${name}`) ? data : [Math.hypot(...data)];
    worst = Math.max(worst, inNorm(actual, expected));
  }
  return worst;
}

/** Runs a function of inputs op by op, then as a graph. */
function bothWays(fn, inputs, measure) {
  const traced = jit(fn);
  const eager = tf.tidy(() => measure(fn(...inputs)));
  const graph = tf.tidy(() => measure(traced(...inputs)));
  traced.dispose();
  return { 'op by op': eager, 'as a graph': graph };
}

function compare(name, model, kept, inputs, { output, loss, outputOf, expected }) {
  const parameters = namedParameters(model);
  const rows = [];
  const add = (what, values, kind) => {
    for (const [way, value] of Object.entries(values))
      rows.push({ what: `${name}: ${what}, ${way}`, value, kind });
  };
  add(
    'output, largest difference of the largest',
    bothWays(output, inputs, (y) => ofLargest(outputOf(y), expected)),
    'output',
  );
  const gradients = (...given) =>
    tf.variableGrads(() => loss(...given), [...parameters.values()]).grads;
  add(
    'gradients, worst parameter in norm',
    bothWays(gradients, inputs, (grads) => worstGradient(parameters, grads, kept)),
    'gradient',
  );
  return rows;
}

/** @param partsOf inputs and functions of a model and of what is kept */
function compareCase(folder, Model, partsOf) {
  const kept = referenceCase(folder);
  const model = new Model(kept.config, init());
  loadStateDict(model, kept.weights);
  const { inputs, ...functions } = partsOf(model, kept.get);
  const rows = compare(folder, model, kept, inputs, functions);
  model.dispose();
  tf.dispose(inputs);
  return rows;
}

function ofUnet(unet, get) {
  const context = get('in.encoder_hidden_states');
  const output = (x, t, hidden) => unet.forward(x, t, hidden);
  return {
    inputs: [
      nhwc(get('in.sample')),
      tf.tensor1d(get('in.timestep').data, 'int32'),
      tf.tensor3d(context.data, context.shape),
      nhwc(get('in.noise')),
    ],
    output,
    loss: (x, t, hidden, noise) => tf.mean(tf.squaredDifference(output(x, t, hidden), noise)),
    outputOf: nchw,
    expected: get('out.sample').data,
  };
}

function ofTextModel(model, get) {
  const [ids, target] = [get('in.input_ids'), get('in.target')];
  const output = (x) => model.lastHiddenState(x);
  return {
    inputs: [tf.tensor2d(ids.data, ids.shape, 'int32'), tf.tensor3d(target.data, target.shape)],
    output,
    loss: (x, wanted) => tf.mean(tf.squaredDifference(output(x), wanted)),
    outputOf: (y) => y.dataSync(),
    expected: get('out.last_hidden_state').data,
  };
}

/** @returns rows of what was compared: `{ what, value, kind }` */
module.exports = () => [
  ...compareCase('unet-tiny', UNet2DConditionModel, ofUnet),
  ...compareCase('unet-blog', UNet2DConditionModel, ofUnet),
  ...compareCase('clip-text-tiny', CLIPTextModel, ofTextModel),
];
