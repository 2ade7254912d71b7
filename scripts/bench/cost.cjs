'use strict';
// What a train step of batch 64 costs: operations and bytes of each group of ops, the least time that they take at the
// rates of this machine, and the time that they do take, node by node. `node cost.cjs INPUTS`; prints JSON.

const { answer, dist, inputs } = require('./process.cjs');
const { rowsOf } = require('./objective.cjs');
const { givenStep } = require('./given-step.cjs');

const { tf } = require(dist('backend/node/index.js'));
const { chooseMixedPrecision, jit } = require(dist('jit/index.js'));

const BATCH = 64;
/** Each node's time is its least of so many runs. */
const RUNS = 5;

const sizes = (shapes) =>
  shapes.split(' ').map((shape) => (shape === '' ? [] : shape.split('x').map(Number)));
const product = (shape) => shape.reduce((all, n) => all * n, 1);
/** Of a product's three matrices each size appears in two. */
const ofProduct = (a, b, y) => 2 * Math.sqrt(product(a) * product(b) * product(y));
/** A filter's positions and inputs, for each number of what it gives or of its gradient. */
const ofFilter = ([h, w, channels], y) => 2 * h * w * channels * product(y);
const attention = ([B, L, C], S, products) => 2 * products * B * L * S * C;

const OPERATIONS = {
  MatMul: ([a, b], [y]) => ofProduct(a, b, y),
  _FusedMatMul: ([a, b], [y]) => ofProduct(a, b, y),
  Conv2D: ([, filter], [y]) => ofFilter(filter, y),
  Conv2DBackpropInput: ([, filter, dy]) => ofFilter(filter, dy),
  Conv2DBackpropFilter: ([, , dy], [filter]) => ofFilter(filter, dy),
  SdmConv3x3: ([x, filter], [y]) => (ofFilter(filter, y) / filter[2]) * x[3],
  SdmConv3x3FilterGrad: ([, dy], [filter]) => ofFilter(filter, dy),
  SdmAttention: ([q, k]) => attention(q, k[1], 2),
  SdmAttentionGrad: ([, q, k]) => attention(q, k[1], 5),
  SdmSelfAttention: ([qkv], [o]) => attention(o, qkv[1], 2),
  SdmSelfAttentionGrad: ([dy, qkv]) => attention(dy, qkv[1], 5),
};

const GROUPS = [
  ['convolutions', /Conv/],
  ['matrix products', /MatMul/],
  ['attention', /Attention/],
  ['normalizations, GEGLU', /Norm|Geglu/],
  ['casts', /^Cast$/],
  ['biases and their gradients', /^BiasAdd/],
  ['sums, copies and the rest', /./],
];

/** Operations and bytes a second: of a product and of a sum alone, the best of many, as nodes are timed. */
function rates(precision) {
  const n = 768;
  const large = 2 ** 22; // numbers
  const both = jit((x, y) => [tf.matMul(x, x), tf.add(y, 1)], { precision });
  const args = [tf.randomNormal([n, n]), tf.randomNormal([large])];
  const best = { MatMul: Infinity, Add: Infinity };
  for (let run = 0; run < 40; run++) {
    for (const { op, milliseconds } of both.profile(undefined, ...args)) {
      if (op in best) best[op] = Math.min(best[op], milliseconds / 1000);
    }
  }
  both.dispose();
  tf.dispose(args);
  return { flops: (2 * n ** 3) / best.MatMul, bytes: (2 * 4 * large) / best.Add };
}

function cost(precision) {
  const given = inputs(tf, process.argv[2]);
  const { tensor, numbers } = given;
  const { objective, step } = givenStep(given, precision);
  const first = (values) => tf.tidy(() => tf.slice(values, 0, BATCH));
  const { labels, timesteps } = numbers.batches[0];
  objective.set({
    latents: first(tensor('images.0')),
    captionIds: first(tf.tensor1d(labels, 'int32')),
    noise: first(tensor('noise.0')),
    timesteps: first(tf.tensor1d(timesteps, 'int32')),
  });
  const profile = () => step.replace.profile(undefined, rowsOf(BATCH, 0, BATCH), tf.scalar(1));
  const runs = Array.from({ length: RUNS }, profile);
  const nodes = runs[0].map((node, i) => {
    const milliseconds = Math.min(...runs.map((run) => run[i].milliseconds));
    const operations = OPERATIONS[node.op]?.(sizes(node.shapes), sizes(node.outputs)) ?? 0;
    const bytes = node.op === 'Reshape' ? 0 : node.bytes; // it moves none
    return { ...node, milliseconds, operations, bytes };
  });
  const { flops, bytes } = rates(precision);
  const left = new Set(nodes);
  const groups = GROUPS.map(([name, ops]) => {
    const own = [...left].filter(({ op }) => ops.test(op));
    for (const node of own) left.delete(node);
    const sum = (of) => own.reduce((total, node) => total + of(node), 0);
    return {
      name,
      nodes: own.length,
      operations: sum((node) => node.operations),
      bytes: sum((node) => node.bytes),
      floor: sum((node) => Math.max(node.operations / flops, node.bytes / bytes)),
      seconds: sum(({ milliseconds }) => milliseconds) / 1000,
    };
  });
  step.dispose();
  return { precision, flops, bytes, groups };
}

const { precision } = chooseMixedPrecision('bench', 'bf16');
answer([...new Set(['float32', precision])].map(cost));
