'use strict';
// One worker of a training of tiny models, or the only one. Argument: JSON of `member` (of joinCluster, or null), `steps`,
// `options` of the trainer, `configs` of the models. Prints a line of JSON: losses, norms, and a digest of the weights.
const fs = require('node:fs');
const { createHash } = require('node:crypto');
const sd = require('../../dist/index.js');
const { joinCluster } = require('../../dist/backend/node/index.js');
const { namedParameters } = require('../../dist/nn/state-dict.js');
const { tinyObjective } = require('../training/tiny-objective.cjs');

const { member, steps, options, configs, save } = JSON.parse(process.argv[2]);
const say = (value) => fs.writeSync(1, `${JSON.stringify(value)}\n`);

/** Addresses, in hexadecimal, at which this process listens. */
function listening() {
  const own = new Set(
    fs.readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [fs.readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((family) => {
    const file = `/proc/self/net/${family}`;
    if (!fs.existsSync(file)) return [];
    const rows = fs.readFileSync(file, 'utf8').trim().split('\n').slice(1);
    return rows.flatMap((row) => {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
      return state === '0A' && own.has(`socket:[${inode}]`) ? [local] : [];
    });
  });
}

/** Names of this process's threads. */
function threads() {
  return fs.readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return [fs.readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim()];
    } catch {
      return []; // ended meanwhile
    }
  });
}

async function main() {
  const cluster = member && joinCluster(member);
  const { unet, textEncoder, objective } = tinyObjective(configs);
  const trainer = new sd.Trainer(objective, { batchSize: 16, seed: 1, cluster, ...options });
  const tensors = [];
  const onStep = () => void tensors.push(sd.tf.memory().numTensors);
  const history = await trainer.fit({ maxSteps: steps, onStep });
  const parameters = [...namedParameters({ unet, textEncoder }).values()];
  const hash = createHash('sha256');
  for (const variable of parameters) hash.update(variable.dataSync());
  const weights = Buffer.concat(parameters.map((p) => Buffer.from(p.dataSync().buffer)));
  if (save) fs.writeFileSync(save, weights);
  const digest = hash.digest('hex');
  const numbers = history.steps.map(({ loss, gradNorm }) => [loss, gradNorm]);
  const server = { listening: listening(), threads: threads() };
  say({ numbers, skipped: history.skipped.length, digest, server, tensors });
}

main().then(
  () => process.exit(0),
  (error) => {
    say({ error: error.message, name: error.name });
    process.exit(1);
  },
);
