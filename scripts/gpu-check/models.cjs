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

function unetCase(folder) {
  const kept = referenceCase(folder);
  const { config, weights, get } = kept;
  const unet = new UNet2DConditionModel(config, init());
  loadStateDict(unet, weights);
  const context = get('in.encoder_hidden_states');
  const inputs = [
    nhwc(get('in.sample')),
    tf.tensor1d(get('in.timestep').data, 'int32'),
    tf.tensor3d(context.data, context.shape),
    nhwc(get('in.noise')),
  ];
  const output = (x, t, hidden) => unet.forward(x, t, hidden);
  const loss = (x, t, hidden, noise) => tf.mean(tf.squaredDifference(output(x, t, hidden), noise));
  const rows = compare(folder, unet, kept, inputs, {
    output,
    loss,
    outputOf: nchw,
    expected: get('out.sample').data,
  });
  unet.dispose();
  tf.dispose(inputs);
  return rows;
}

function textCase(folder) {
  const kept = referenceCase(folder);
  const { config, weights, get } = kept;
  const model = new CLIPTextModel(config, init());
  loadStateDict(model, weights);
  const ids = get('in.input_ids');
  const target = get('in.target');
  const inputs = [
    tf.tensor2d(ids.data, ids.shape, 'int32'),
    tf.tensor3d(target.data, target.shape),
  ];
  const output = (x) => model.lastHiddenState(x);
  const loss = (x, wanted) => tf.mean(tf.squaredDifference(output(x), wanted));
  const expected = get('out.last_hidden_state').data;
  const rows = compare(folder, model, kept, inputs, {
    output,
    loss,
    outputOf: (y) => y.dataSync(),
    expected,
  });
  model.dispose();
  tf.dispose(inputs);
  return rows;
}

/** @returns rows of what was compared: `{ what, value, kind }` */
module.exports = () => [
  ...unetCase('unet-tiny'),
  ...unetCase('unet-blog'),
  ...textCase('clip-text-tiny'),
];
