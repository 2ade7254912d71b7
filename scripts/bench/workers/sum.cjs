'use strict';
// One worker that sums a tensor with the others, so often when told. Argument: JSON of `member` of joinCluster, `size` and `wire`.
const readline = require('node:readline');
const { answer, dist } = require('../process.cjs');

const { member, size, wire } = JSON.parse(process.argv[2]);

async function main() {
  const { tf } = require(dist('backend/index.js'));
  const { joinCluster } = require(dist('backend/node/index.js'));
  const { jit } = require(dist('jit/index.js'));
  const cluster = joinCluster(member);
  const parts = tf.variable(tf.fill([size], 1 / cluster.size), false);
  const key = cluster.nextKeys();
  const sum = jit(
    () =>
      tf.tidy(() => {
        const whole = cluster.allReduce(parts, { key, wire });
        parts.assign(tf.mul(whole, 1 / cluster.size));
        return tf.slice(whole, 0, 1);
      }),
    { name: 'sum' },
  );
  answer({ ready: true });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const seconds = Array.from({ length: JSON.parse(line).steps }, () => {
      const start = performance.now();
      const [one] = tf.tidy(() => sum().dataSync());
      if (Math.abs(one - 1) > 1e-2) throw new Error(`expected a sum of 1, got ${one}`);
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
