// One process, one thread: the same UNet step by our WebAssembly engine and by onnxruntime-web's, in turns.
//
//   node scripts/bench/web-engines.mjs '{ "checkpoint": …, "onnx": …, "runtime": …, "batches": [1, 2], "rounds": 5 }'
//
// Prints JSON. Beside the seconds of the clock it takes those of this process's processor: on a machine that other programs use,
// too, they say what the work itself takes.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../setup/paths.mjs';

const { checkpoint, onnx, runtime, batches, rounds } = JSON.parse(process.argv[2]);
const PER_ROUND = 2;
/** Half a picture: JavaScript is compiled meanwhile. */
const WARM_UP = 10;

const web = createRequire(import.meta.url)(inRoot('dist', 'web.js'));
const { tf } = web;
await web.openWasm();
const names = fs.readdirSync(checkpoint, { recursive: true });
const files = names.filter((name) => fs.statSync(path.join(checkpoint, name)).isFile());
const pipeline = await web.loadPipeline(
  Object.fromEntries(files.map((name) => [name, fs.readFileSync(path.join(checkpoint, name))])),
);
const { unet } = pipeline;

const ort = await import(pathToFileURL(runtime).href);
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const session = await ort.InferenceSession.create(fs.readFileSync(onnx), {
  executionProviders: ['wasm'],
  graphOptimizationLevel: 'all',
});

/** Any numbers about −1 to 1, the same for both. */
const numbers = (length, seed) => Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));

function stepsOf(batch) {
  const size = unet.config.sample_size;
  const width = unet.config.cross_attention_dim;
  const sample = numbers(batch * size * size, 1); // one channel: the same in both layouts
  const context = numbers(batch * 8 * width, 2);
  const ours = () =>
    tf.tidy(() =>
      unet
        .forward(
          tf.tensor4d(sample, [batch, size, size, 1]),
          tf.fill([batch], 500),
          tf.tensor3d(context, [batch, 8, width]),
        )
        .dataSync(),
    );
  const feeds = {
    sample: new ort.Tensor('float32', sample, [batch, 1, size, size]),
    timestep: new ort.Tensor('int64', new BigInt64Array(batch).fill(500n), [batch]),
    encoder_hidden_states: new ort.Tensor('float32', context, [batch, 8, width]),
  };
  const peer = async () => (await session.run(feeds)).prediction.getData();
  return { ours, peer };
}

async function timed(step) {
  const [cpu, clock] = [process.cpuUsage(), performance.now()];
  for (let i = 0; i < PER_ROUND; i++) await step();
  const { user, system } = process.cpuUsage(cpu);
  return {
    processor: (user + system) / 1e6 / PER_ROUND,
    clock: (performance.now() - clock) / 1000 / PER_ROUND,
  };
}

const results = [];
for (const batch of batches) {
  const steps = stepsOf(batch);
  // The first ones make everything ready, and are compared.
  const [a, b] = [await steps.ours(), await steps.peer()];
  const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const difference = a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0) / largest;
  for (let i = 0; i < WARM_UP; i++) for (const step of Object.values(steps)) await step();
  const times = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ['peer', 'ours']) times[name].push(await timed(steps[name]));
  }
  results.push({ batch, difference, times });
}
process.stdout.write(JSON.stringify(results));
