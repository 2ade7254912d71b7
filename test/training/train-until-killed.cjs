'use strict';
// A whole training of a tiny model that goes on from its last checkpoint, saves every few steps, and says each step
// and each save. Arguments: folder, steps in all, steps between saves, the models' configs as JSON.
const fs = require('node:fs');
const { createHash } = require('node:crypto');
const sd = require('../../dist/index.js');
const { namedParameters } = require('../../dist/nn/state-dict.js');
const { tinyObjective } = require('./tiny-objective.cjs');

const [folder, maxSteps, saveEvery, json] = process.argv.slice(2);
const configs = JSON.parse(json);
const say = (text) => fs.writeSync(1, `${text}\n`);
process.on('warning', ({ name, message }) => {
  if (name === 'CheckpointWarning') say(`warning ${message}`);
});

const { unet, textEncoder, objective } = tinyObjective(configs);
const trainer = new sd.Trainer(objective, { batchSize: 4, seed: 1, ema: { decay: 0.9 } });

async function main() {
  say(`from ${sd.resumeTraining(folder, trainer)}`);
  await trainer.fit({
    maxSteps: Number(maxSteps),
    onStep: ({ step, loss }) => {
      say(`step ${step} ${loss}`);
      if (step % Number(saveEvery) !== 0) return;
      sd.saveTraining(folder, trainer);
      say(`saved ${step}`);
    },
  });
  const hash = createHash('sha256');
  for (const variable of namedParameters({ unet, textEncoder }).values()) {
    hash.update(variable.dataSync());
  }
  say(`weights ${hash.digest('hex')}`);
}

main().catch((error) => {
  say(`error ${error.stack}`);
  process.exitCode = 3;
});
