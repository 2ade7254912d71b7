'use strict';
// One worker that sums the gradients of a recipe's models with the others, as a training does, so often when told. Argument: JSON of
// `member` of joinCluster, `recipe`, and `compression`; with `one` a single number is summed instead.
const readline = require('node:readline');
const { answer, dist } = require('../process.cjs');

const { member, recipe: name, compression, one } = JSON.parse(process.argv[2]);

/** Numbers in the gradients of each parameter that a recipe trains. */
async function sizesOf(sd, tf) {
  const recipe = sd.RECIPES[name];
  const made = sd.recipeParts(recipe, { dataset: await sd.recipeDataset(recipe) });
  const { parameters } = sd.recipeObjective(recipe, made);
  return [...parameters.values()].map(({ shape }) => tf.util.sizeFromShape(shape));
}

async function main() {
  const { tf } = require(dist('backend/index.js'));
  const sd = require(dist('index.js'));
  const { joinCluster } = require(dist('backend/node/index.js'));
  const { jit } = require(dist('jit/index.js'));
  const { GradientExchange } = require(dist('training/gradient-exchange.js'));
  const sizes = one ? [] : await sizesOf(sd, tf);
  const cluster = joinCluster(member);
  const exchange = new GradientExchange(cluster, compression);
  const gradients = sizes.map((size) => tf.variable(tf.zeros([size]), false));
  const sum = jit((numbers) => exchange.sum(gradients, numbers), { name: 'sum' });
  const numbers = tf.tensor1d([1, 0]);
  answer({ ready: true, size: sizes.reduce((a, b) => a + b, 0) });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const seconds = Array.from({ length: JSON.parse(line).steps }, () => {
      const start = performance.now();
      const [workers] = tf.tidy(() => sum(numbers).dataSync());
      if (workers !== cluster.size) throw new Error(`expected ${cluster.size}, got ${workers}`);
      return (performance.now() - start) / 1000;
    });
    answer({ seconds });
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
