'use strict';
// What one version of the library computes and writes, as JSON: losses, resumed runs, images, hashes of files.
// Arguments: the folder of its dist/. Versions before objectives are known, too.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { installLibraryTraces } = require('../../kernel/library-traces.cjs');

installLibraryTraces();

const sd = require(path.resolve(process.argv[2], 'index.js'));
const sha = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const newFolder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'compare-'));

const SCHEDULE = {
  beta_schedule: 'squaredcos_cap_v2',
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: true,
  timestep_spacing: 'trailing',
};
const EMA = { decay: 0.999, useEmaWarmup: true, power: 0.75 };
/** By name: options of the objective, of the trainer, and how many steps. */
const TRAININGS = {
  best: [
    { captionDropout: 0.1, maxLength: 8 },
    { batchSize: 16, learningRate: 1e-3, maxGradNorm: 1, ema: EMA, seed: 42 },
    12,
  ],
  methods: [
    { minSnrGamma: 5, offsetNoise: 0.1 },
    { batchSize: 10, microBatchSize: 4, seed: 7, lrSchedule: (step) => 1 / (1 + step) },
    4,
  ],
  frozen: [{ trainTextEncoder: false }, { batchSize: 7, seed: 3 }, 4],
};
const SAMPLINGS = {
  ddpm: { seed: 1, numInferenceSteps: 5 },
  ddim: {
    ...{ seed: 2, numInferenceSteps: 6, guidanceScale: 3, guidanceRescale: 0.5 },
    ...{ guidanceInterval: [0.2, 0.8], negativePrompt: 'A handwritten digit 1' },
  },
  'dpm-solver++': { seed: 3, numInferenceSteps: 5, guidanceScale: 1.5 },
  'sde-dpm-solver++': { seed: 3, numInferenceSteps: 5 },
  euler: { seed: 3, numInferenceSteps: 5, guidanceScale: 2 },
  heun: { seed: 4, numInferenceSteps: 4 },
};

function partsOf(seed) {
  const init = new sd.Generator(seed).stream('init');
  return {
    unet: new sd.UNet2DConditionModel(sd.BLOG_UNET_CONFIG, init),
    textEncoder: new sd.CLIPTextModel(sd.SMALL_TEXT_CONFIG, init),
    tokenizer: sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER),
    noiseScheduler: new sd.DDPMScheduler(SCHEDULE),
    dataset: sd.loadMnist({ split: 'train', source: 'quick' }),
  };
}

function trainerOf(seed, [objective, options]) {
  const parts = partsOf(seed);
  return sd.TextToImageObjective
    ? new sd.Trainer(new sd.TextToImageObjective(parts, objective), options)
    : new sd.Trainer(parts, { ...options, ...objective });
}

const steps = (trainer) =>
  trainer.history.steps.map(({ loss, gradNorm, learningRate }) => [loss, gradNorm, learningRate]);

/** Hashes of all files below; of a training's state without times, and whatever the order of its keys. */
function hashes(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).sort();
  const files = names.filter((name) => fs.statSync(path.join(folder, name)).isFile());
  const entries = files.map((name) => {
    const bytes = fs.readFileSync(path.join(folder, name));
    if (!name.endsWith('trainer_state.json')) return [name, sha(bytes)];
    const state = JSON.parse(bytes);
    for (const step of state.steps) delete step.seconds;
    const config = Object.fromEntries(Object.entries(state.config).sort());
    return [name, sha(JSON.stringify({ ...state, config }))];
  });
  return Object.fromEntries(entries.filter(([name]) => name !== 'manifest.json'));
}

async function trained(out) {
  for (const [name, training] of Object.entries(TRAININGS)) {
    const [run, maxSteps] = [newFolder(), training[2]];
    const trainer = trainerOf(1, training);
    const save = () => sd.saveTraining(run, trainer, { keepLast: 9 });
    await trainer.fit({ maxSteps, onStep: ({ step }) => void (step === 6 && save()) });
    out[`${name}: losses, norms, rates`] = steps(trainer);
    const last = save();
    out[`${name}: files`] = hashes(last);
    if (name === 'best') {
      fs.rmSync(last, { recursive: true });
      const resumed = trainerOf(99, training);
      out['resumed from'] = sd.resumeTraining(run, resumed);
      await resumed.fit({ maxSteps });
      out['resumed: losses, norms, rates'] = steps(resumed);
      out['resumed: files'] = hashes(sd.saveTraining(run, resumed, { keepLast: 9 }));
    }
  }
}

async function drawn(out) {
  const { unet, textEncoder, tokenizer, scheduler } = sd.loadCheckpoint(sd.SHIPPED_MODEL);
  const digit = (n) => `A handwritten digit ${n}`;
  for (const [name, options] of Object.entries(SAMPLINGS)) {
    for (const prompts of [digit(4), [digit(0), digit(7), digit(7)]]) {
      const sampler = sd.makeSampler(name, scheduler.config);
      const parts = { unet, textEncoder, tokenizer, scheduler: sampler };
      const { images } = await new sd.TextToImagePipeline(parts).generate(prompts, options);
      const { buffer, byteOffset, byteLength } = images.data;
      out[`images of ${name}, ${[prompts].flat().length}`] = sha(
        Buffer.from(buffer, byteOffset, byteLength),
      );
    }
  }
  const folder = newFolder();
  new sd.TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler }).savePretrained(folder);
  out['pipeline: files'] = hashes(folder);
}

async function main() {
  const out = {};
  await trained(out);
  await drawn(out);
  process.stdout.write(`${JSON.stringify(out)}\n`, () => process.exit());
}

void main();
