/** Whole pipelines of random configs, both ways between here and diffusers with transformers. */
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { readSafetensors } from '../../lib/io/safetensors';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import {
  loadCheckpoint,
  saveCheckpoint,
  type CheckpointParts,
} from '../../lib/pretrained/checkpoint';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { Generator, randint, randn } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { relativeToMax } from '../support/matchers';
import { nchw } from '../support/model';
import { figure, seededRandom, times } from '../support/soak';
import { MINUTES_10, perturb, runPython, temporaryFolder, writeJson, writeTensors } from './python';
import { randomFolder, type RandomFolder } from './random-folders';

const TEXTS = ['A handwritten digit 4', 'a photo of a cat, on a mat; and more of it than fits'];
const TOLERANCE = 2e-5;

type Whose = 'ours' | 'theirs';
type Outputs = ReadonlyMap<string, Float32Array | Int32Array>;

const random = seededRandom(31);
const cases = Object.fromEntries(
  Array.from({ length: times(3, 20) }, (_, i) => [`random-${i}`, randomFolder(random)]),
);
const folder = temporaryFolder();
const ours = new Map<string, Outputs>();

function inputsOf({ unet, scheduler, size }: RandomFolder, seed: number) {
  const stream = new Generator(seed).stream('sampling');
  const draw = (channels: number) =>
    randn<tf.Rank.R4>([2, size, size, channels], stream.next()) as tf.Tensor4D;
  return {
    sample: draw(unet.in_channels),
    timestep: randint<tf.Rank.R1>([2], 0, scheduler.num_train_timesteps!, stream.next()),
    // For the scheduler, whose sample is the UNet's: it need not have the output's channels.
    output: draw(unet.in_channels),
    noise: draw(unet.in_channels),
  };
}

/** What Python computes too; `noisyAt` are the time steps that it has drawn. */
function outputsOf(
  { unet, textEncoder, tokenizer, scheduler }: CheckpointParts,
  name: string,
  noisyAt: Int32Array | null,
): Outputs {
  const { maxLength, steps } = cases[name]!;
  const { input_ids, shape } = tokenizer.encode(TEXTS, { maxLength });
  const found = new Map<string, Float32Array | Int32Array>([['ids', input_ids]]);
  tf.tidy(() => {
    const inputs = inputsOf(cases[name]!, Object.keys(cases).indexOf(name));
    const { sample, timestep, output, noise } = inputs;
    const encoded = textEncoder.forward(tf.tensor2d(input_ids, [...shape], 'int32'));
    found.set('hidden', encoded.last_hidden_state.dataSync<'float32'>());
    found.set('pooled', encoded.pooler_output.dataSync<'float32'>());
    found.set('predicted', nchw(unet.forward(sample, timestep, encoded.last_hidden_state)));
    scheduler.setTimesteps(steps);
    found.set('timesteps', scheduler.timesteps);
    for (const [i, t] of scheduler.timesteps.entries())
      found.set(`step.${i}`, nchw(scheduler.step(output, t, sample, noise).prevSample));
    if (noisyAt)
      found.set('noisy', nchw(scheduler.addNoise(sample, noise, tf.tensor1d(noisyAt, 'int32'))));
  });
  return found;
}

beforeAll(
  () => {
    for (const [seed, [name, { unet, text, scheduler }]] of Object.entries(cases).entries()) {
      const stream = new Generator(seed).stream('init');
      const parts = {
        unet: new UNet2DConditionModel(unet, stream),
        textEncoder: new CLIPTextModel(text, stream),
        tokenizer: CLIPTokenizer.fromPretrained(SMALL_TOKENIZER),
        scheduler: new DDPMScheduler(scheduler),
      };
      perturb(parts.unet, seed);
      perturb(parts.textEncoder, seed);
      saveCheckpoint(path.join(folder, 'ours', name), parts);
      ours.set(name, outputsOf(parts, name, null));
      dispose(parts);
      const inputs = inputsOf(cases[name]!, seed);
      writeTensors(path.join(folder, `${name}.safetensors`), inputs);
      tf.dispose(inputs);
    }
    writeJson(path.join(folder, 'cases.json'), cases);
    writeJson(path.join(folder, 'texts.json'), TEXTS);
    runPython('folders.py', folder);
  },
  MINUTES_10 * times(1, 6),
);

const dispose = ({ unet, textEncoder }: CheckpointParts) => {
  unet.dispose();
  textEncoder.dispose();
};

/** Python's outputs for our folder, or for its own. */
function expected(name: string, whose: Whose): Map<string, Float32Array | Int32Array> {
  const { tensors } = readSafetensors(path.join(folder, `${name}.out.safetensors`));
  const own = [...tensors].filter(([key]) => key.startsWith(`${whose}.`));
  return new Map(
    own.map(([key, { dtype, data }]) => {
      const { buffer } = Uint8Array.from(data);
      const numbers = dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer);
      return [key.slice(whose.length + 1), numbers];
    }),
  );
}

/** The largest difference among outputs; ids and time steps have to be equal. */
function compare(found: Outputs, there: Outputs, what: string): number {
  let most = 0;
  for (const [key, numbers] of found) {
    const wanted = there.get(key)!;
    if (numbers instanceof Int32Array) expect(numbers, `${what} ${key}`).toEqual(wanted);
    else expect(numbers, `${what} ${key}`).toBeCloseToMax(wanted, TOLERANCE);
    most = Math.max(most, relativeToMax(numbers, wanted));
  }
  return most;
}

it('random pipelines give the same outputs there and here, both ways', () => {
  let most = 0;
  for (const [name, found] of ours) {
    const what = `${name} ${JSON.stringify(cases[name])}`;
    const there = expected(name, 'ours');
    most = Math.max(most, compare(found, there, what));
    expect(there.get('whole')).toEqual(there.get('predicted')); // as a StableDiffusionPipeline
    const theirs = expected(name, 'theirs');
    const parts = loadCheckpoint(path.join(folder, 'theirs', name));
    const noisyAt = theirs.get('noisy.timesteps') as Int32Array;
    most = Math.max(most, compare(outputsOf(parts, name, noisyAt), theirs, `theirs: ${what}`));
    dispose(parts);
  }
  figure(
    'whole pipelines of random configs (UNet, CLIP text encoder, tokenizer, DDPM), both ways with diffusers',
    `${ours.size} pipelines: token ids and time steps equal, outputs within ${most.toExponential(1)} of the largest`,
  );
});
