'use strict';
// Our side of a benchmark; takes orders and answers as peer.py does. The task is the first argument.

const path = require('node:path');
const readline = require('node:readline');
const { answer, dist, inputs, memoryGb } = require('./process.cjs');
const { givenObjective, rowsOf } = require('./objective.cjs');

const { tf, deviceSummary } = require(dist('backend/node/index.js'));
const { CLIPTextModel } = require(dist('models/clip-text-model.js'));
require(dist('pretrained/index.js')); // so that the parts below can read files
const { CLIPTokenizer } = require(dist('models/clip-tokenizer.js'));
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { gatherRows } = require(dist('nn/gather-rows.js'));
const { AdamW } = require(dist('optim/adamw.js'));
const { TextToImagePipeline } = require(dist('pipelines/text-to-image.js'));
const { BLOG_SCHEDULER_CONFIG } = require(dist('mnist/presets.js'));
const { DDPMScheduler } = require(dist('schedulers/ddpm.js'));
const { chooseMixedPrecision, chooseXla } = require(dist('jit/index.js'));
const { CaptionTable } = require(dist('conditioning/captions.js'));
const { TrainStep } = require(dist('training/train-step.js'));

const task = JSON.parse(process.argv[2]);
const { mixedPrecision = 'no' } = task;
const { precision } = chooseMixedPrecision('bench', mixedPrecision);
const { xla } = chooseXla('bench', task.xla ?? false);
const { folder, numbers, tensor } = inputs(tf, task.inputs);
const scheduler = () => new DDPMScheduler(BLOG_SCHEDULER_CONFIG);
const loadUnet = () => UNet2DConditionModel.fromPretrained(path.join(folder, 'unet'));
const loadTextEncoder = () => CLIPTextModel.fromPretrained(path.join(folder, 'text_encoder'));

/** Where the step's conditioning comes from; what `text` does is said in cases.mjs. */
function captionsOf(textEncoder) {
  if (task.text === 'given') {
    const table = tensor('embeddings');
    return { encoderHiddenStates: (ids) => gatherRows(table, ids) };
  }
  return new CaptionTable({
    tokenizer: CLIPTokenizer.fromPretrained(),
    textEncoder,
    captions: numbers.captions.slice(0, -1), // the table adds the empty one
    maxLength: numbers.ids[0].length,
    trainTextEncoder: task.text === 'fine-tune',
  });
}

/** One step: gradients over micro-batches, then AdamW. */
function training() {
  const unet = loadUnet();
  const textEncoder = task.text === 'given' ? null : loadTextEncoder();
  const trained = task.text === 'fine-tune' ? { unet, text_encoder: textEncoder } : { unet };
  const captions = captionsOf(textEncoder);
  const objective = givenObjective({ unet, noiseScheduler: scheduler(), captions, trained });
  const optimizer = new AdamW(objective.parameters);
  const step = new TrainStep({ objective, optimizer, precision, xla });
  const first = (x) => tf.tidy(() => tf.slice(x, 0, task.batch)); // there are more than a small batch needs
  const batches = numbers.batches.map(({ labels, timesteps }, i) => ({
    latents: first(tensor(`images.${i}`)),
    captionIds: first(tf.tensor1d(labels, 'int32')),
    noise: first(tensor(`noise.${i}`)),
    timesteps: first(tf.tensor1d(timesteps, 'int32')),
  }));
  const accumulate = (start) => {
    const size = Math.min(task.microBatch, task.batch - start);
    return tf.tidy(() => {
      return step.accumulate(rowsOf(task.batch, start, size), size / task.batch, start === 0);
    });
  };
  let count = 0;
  return () => {
    const batch = batches[count++ % batches.length];
    const started = performance.now();
    objective.set(batch);
    let loss = 0;
    for (let start = 0; start < task.batch; start += task.microBatch) loss += accumulate(start);
    step.gradNorm(); // as the trainer does, which looks at both before it goes on
    step.apply(1e-3, 1);
    return [(performance.now() - started) / 1000, loss];
  };
}

/** Images from noise with guidance. */
function sampling() {
  const pipeline = new TextToImagePipeline({
    unet: loadUnet(),
    textEncoder: loadTextEncoder(),
    tokenizer: CLIPTokenizer.fromPretrained(undefined, { modelMaxLength: 8 }),
    scheduler: scheduler(),
  });
  return async () => {
    const started = performance.now();
    const { images } = await pipeline.generate(Array(task.images).fill(numbers.captions[4]), {
      seed: numbers.samplingSeed,
      numInferenceSteps: task.steps,
      guidanceScale: task.guidance,
      mixedPrecision,
    });
    const seconds = (performance.now() - started) / 1000;
    return [seconds, [...images.data].filter((_, i) => i % 97 === 0)];
  };
}

async function main() {
  const run = { train: training, sample: sampling }[task.kind]();
  const { device, tensorflow, node } = deviceSummary();
  answer({ version: `TensorFlow ${tensorflow} (${device}), Node ${node}` });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [seconds, results] = [[], []];
    for (let i = 0; i < JSON.parse(line).steps; i++) {
      const [time, result] = await run();
      seconds.push(time);
      results.push(result);
    }
    answer({ seconds, results, precision, peak: memoryGb().peak });
  }
}

void main();
