'use strict';
// Writes what both sides of a benchmark read: weights in diffusers' layout, images, noise, time steps,
// captions. `node inputs.cjs FOLDER WIDTH`; every number depends on the seed alone.

const fs = require('node:fs');
const path = require('node:path');
const { dist } = require('./process.cjs');

const { tf } = require(dist('backend/node/index.js'));
const { captionOf } = require(dist('mnist/captions.js'));
const { fromFloat32Array, writeSafetensors } = require(dist('io/safetensors/index.js'));
const { CLIPTextModel } = require(dist('models/clip-text-model.js'));
require(dist('pretrained/index.js')); // so that the parts below can read files
const { CLIPTokenizer } = require(dist('models/clip-tokenizer.js'));
const { UNet2DConditionModel } = require(dist('models/unet-2d-condition.js'));
const { BLOG_UNET_CONFIG } = require(dist('mnist/presets.js'));
const { Generator, randint, randn } = require(dist('random/index.js'));

const [folder, width] = [process.argv[2], Number(process.argv[3])];
const BATCH = 512;
const BATCHES = 4;
const IMAGES = 16;
const SAMPLING_STEPS = 50;
const SIZE = 28;

const generator = new Generator(1);
const init = generator.stream('init');

const unet = new UNet2DConditionModel(
  { ...BLOG_UNET_CONFIG, block_out_channels: [32, 64, 64, 32].map((c) => c * width) },
  init,
);
unet.savePretrained(path.join(folder, 'unet'));
// All of openai/clip-vit-base-patch32's text model; what the weights are does not matter for the time.
const textEncoder = new CLIPTextModel({}, init);
textEncoder.savePretrained(path.join(folder, 'text_encoder'));

const captions = [...Array.from({ length: 10 }, (_, digit) => captionOf(digit)), ''];
const { input_ids, shape } = CLIPTokenizer.fromPretrained().encode(captions, { maxLength: 8 });
const [count, length] = shape;
const idTensor = tf.tensor2d(input_ids, [count, length], 'int32');

const tensors = new Map();
const add = (name, tensor) => {
  tensors.set(name, fromFloat32Array(tensor.dataSync(), tensor.shape));
  tensor.dispose();
};
const noise = generator.stream('noise');
const sampling = generator.stream('sampling');
const timesteps = generator.stream('timesteps');
const data = generator.stream('data');
add('embeddings', textEncoder.lastHiddenState(idTensor));
const batches = Array.from({ length: BATCHES }, (_, i) => {
  add(`images.${i}`, tf.clipByValue(randn([BATCH, SIZE, SIZE, 1], noise.next()), -1, 1));
  add(`noise.${i}`, randn([BATCH, SIZE, SIZE, 1], noise.next()));
  return {
    labels: [...randint([BATCH], 0, 10, data.next()).dataSync()],
    timesteps: [...randint([BATCH], 0, 1000, timesteps.next()).dataSync()],
  };
});
// What the pipeline itself draws: the start, then one a step.
for (let i = 0; i <= SAMPLING_STEPS; i++) {
  add(`sampling.${i}`, randn([IMAGES, SIZE, SIZE, 1], sampling.at(i)));
}

fs.mkdirSync(folder, { recursive: true });
writeSafetensors(path.join(folder, 'tensors.safetensors'), tensors);
const ids = Array.from({ length: count }, (_, i) => [
  ...input_ids.slice(i * length, (i + 1) * length),
]);
const numbers = { captions, ids, batches, samplingSeed: generator.seed };
fs.writeFileSync(path.join(folder, 'inputs.json'), JSON.stringify(numbers));
