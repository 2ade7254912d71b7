'use strict';
// Twelve training steps against PyTorch; a training that is saved, loaded and gone on with; Stop; memory over 200 steps.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { dist, memoryGb } = require('../bench/process.cjs');
const { givenObjective, rowsOf } = require('../bench/objective.cjs');
const { nhwc, referenceCase } = require('./reference.cjs');

const { tf } = require(dist('backend/node/index.js'));
const sd = require(dist('index.js'));
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { loadStateDict, stateDict } = require(dist('nn/state-dict.js'));
const { AdamW } = require(dist('optim/adamw.js'));
const { DDPMScheduler } = require(dist('schedulers/ddpm.js'));
const { TrainStep } = require(dist('training/train-step.js'));

/** @param precision of the graphs @returns the largest relative difference of twelve losses */
function twelveLosses(precision) {
  const { config, weights, get } = referenceCase('train-tiny');
  const unet = new UNet2DConditionModel(config, new sd.Generator(0).stream('init'));
  loadStateDict(unet, weights);
  const noiseScheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  const captions = { encoderHiddenStates: (states) => states };
  const objective = givenObjective({ unet, noiseScheduler, captions });
  const optimizer = new AdamW(objective.parameters, { lr: 1e-3 });
  const step = new TrainStep({ objective, optimizer, precision });
  const { data, shape } = get('in.embeddings');
  const expected = get('out.losses').data;
  let worst = 0;
  for (let i = 0; i < 12; i++) {
    tf.tidy(() => {
      const labels = tf.tensor1d(get(`in.${i}.label`).data, 'int32');
      objective.set({
        latents: nhwc(get(`in.${i}.x`)),
        noise: nhwc(get(`in.${i}.noise`)),
        timesteps: tf.tensor1d(get(`in.${i}.t`).data, 'int32'),
        captionIds: gatherRows(tf.tensor3d(data, shape), labels),
      });
      const loss = step.accumulate(rowsOf(8, 0, 8), 1, true);
      const difference = Math.abs(loss / expected[i] - 1);
      worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
    });
    step.apply(1e-3, 1);
  }
  step.dispose();
  optimizer.dispose();
  unet.dispose();
  return worst;
}

const made = [];

/** A trainer of the blog's model, small batches of MNIST. */
function newTrainer(options = {}, source = 'quick') {
  const stream = new sd.Generator(1).stream('init');
  const unet = new sd.UNet2DConditionModel(sd.BLOG_UNET_CONFIG, stream);
  const textEncoder = new sd.CLIPTextModel(sd.SMALL_TEXT_CONFIG, stream);
  const objective = new sd.TextToImageObjective({
    unet,
    textEncoder,
    tokenizer: sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER),
    noiseScheduler: new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG),
    dataset: sd.loadMnist({ split: 'train', source }),
  });
  const trainer = new sd.Trainer(objective, {
    batchSize: 8,
    learningRate: 1e-3,
    seed: 1,
    ...options,
  });
  made.push(trainer, objective, unet, textEncoder);
  return trainer;
}

const disposeAll = () => made.splice(0).forEach((thing) => thing.dispose());

const quietly = { progressBar: false };
const weightsOf = ({ objective }) =>
  [...stateDict(objective.unet).values()].flatMap(({ data }) => [...data]);

function worstOf(a, b) {
  return a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i])), 0);
}

/** Four steps, saved, loaded by another trainer that goes on for four, against eight in a row. */
async function savedAndResumed() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gpu-check-'));
  try {
    const first = newTrainer();
    await first.fit({ maxSteps: 4, ...quietly });
    sd.saveTraining(folder, first);
    const saved = weightsOf(first);
    const second = newTrainer();
    sd.resumeTraining(folder, second);
    const loaded = worstOf(saved, weightsOf(second));
    await second.fit({ maxSteps: 8, ...quietly });
    await first.fit({ maxSteps: 8, ...quietly });
    const losses = [first, second].map(({ history }) =>
      history.steps.slice(4).map(({ loss }) => loss),
    );
    return { loaded, resumed: worstOf(...losses) };
  } finally {
    disposeAll();
    fs.rmSync(folder, { recursive: true });
  }
}

/** Seconds from the request to the end of `fit`, in steps. */
async function stopped() {
  const trainer = newTrainer();
  await trainer.fit({ maxSteps: 3, ...quietly });
  const stop = new AbortController();
  let asked = 0;
  const onStep = () => {
    if (trainer.step === 5) {
      asked = trainer.step;
      stop.abort();
    }
  };
  const history = await trainer.fit({ maxSteps: 1000, signal: stop.signal, onStep, ...quietly });
  const steps = trainer.step - asked;
  disposeAll();
  return history.stopped ? steps : Infinity;
}

/** What 200 steps add after the first 20: tensors, and MB of the device or, on a CPU, of the process. */
async function growth() {
  const trainer = newTrainer();
  const { deviceGbOf } = await import('../bench/gpu/facts.mjs');
  const used = () => (deviceGbOf(process.pid) ?? memoryGb().now) * 1000;
  await trainer.fit({ maxSteps: 20, ...quietly });
  const before = { tensors: tf.memory().numTensors, megabytes: used() };
  await trainer.fit({ maxSteps: 220, ...quietly });
  const grown = {
    tensors: tf.memory().numTensors - before.tensors,
    megabytes: used() - before.megabytes,
  };
  disposeAll();
  return grown;
}

/** All images at once, some 210 GB. */
const TOO_MANY = 60_000;

/**
 * A batch that does not fit is refused in words, with a size to try, and the weights stay.
 *
 * @returns how many of the two are not so
 */
async function outOfMemory() {
  const trainer = newTrainer({ batchSize: TOO_MANY, microBatchSize: TOO_MANY }, 'full');
  const before = weightsOf(trainer);
  let faults = 1;
  try {
    await trainer.fit({ maxSteps: 1, ...quietly });
  } catch (error) {
    if (error.name !== 'OutOfMemoryError') throw error;
    faults = Number(!Number.isInteger(error.suggestion));
  }
  faults += Number(worstOf(before, weightsOf(trainer)) !== 0);
  disposeAll();
  return faults;
}

module.exports = { growth, outOfMemory, savedAndResumed, stopped, twelveLosses };
