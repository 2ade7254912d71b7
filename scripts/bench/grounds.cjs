// What zero-terminal SNR and offset noise change on flat grounds: the emoji model that ships is taught the 24 pictures of
// data/own-pictures, whose ground is white, in four ways; how white is the ground of what it draws then?
//
//   node scripts/bench/grounds.cjs [STEPS]
//
// The ground is the outermost ring of pixels, from 0 to 1, of 48 pictures: two of each caption, 20 steps of DPM-Solver++, guidance 2.
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const sd = require(path.join(root, 'dist', 'notebook.js'));

const maxSteps = Number(process.argv[2] ?? 480);
const SEED = 1;
const withoutZero = { rescale_betas_zero_snr: false, timestep_spacing: 'leading' };
const WAYS = {
  'zero-terminal SNR (recipe emoji)': [{}, {}],
  'the same, offset noise 0.1': [{}, { offsetNoise: 0.1 }],
  'without zero-terminal SNR': [withoutZero, {}],
  'without, offset noise 0.1': [withoutZero, { offsetNoise: 0.1 }],
};

async function taught(config, extra, dataset) {
  const { scheduler, ...shipped } = sd.loadCheckpoint(sd.EMOJI_MODEL);
  const noiseScheduler = new sd.DDPMScheduler({ ...scheduler.config, ...config });
  const models = { ...shipped, noiseScheduler, dataset };
  const how = { ...sd.RECIPES.emoji.objective, ...extra };
  const objective = new sd.TextToImageObjective(models, how);
  const lrSchedule = sd.recipeSchedule({ warmupSteps: 10, decayShare: 0.25, maxSteps });
  const ema = { decay: 0.98, useEmaWarmup: true, power: 3 / 4 };
  const options = {
    batchSize: 24,
    learningRate: 5e-4,
    maxGradNorm: 1,
    ema,
    seed: SEED,
    lrSchedule,
  };
  const trainer = new sd.Trainer(objective, options);
  await trainer.fit({ maxSteps });
  const sampler = sd.makeSampler('dpm-solver++', noiseScheduler.config);
  const pipeline = new sd.TextToImagePipeline({ ...models, scheduler: sampler });
  const prompts = dataset.captions.flatMap((caption) => [caption, caption]);
  const drawing = { seed: SEED, numInferenceSteps: 20, guidanceScale: 2, progressBar: false };
  const { images } = await trainer.ema.withAveragedWeights(() =>
    pipeline.generate(prompts, drawing),
  );
  for (const part of [pipeline, trainer, objective, models.unet, models.textEncoder])
    part.dispose();
  return images;
}

/** Of each picture the mean colour of its ring. */
function grounds({ data, shape: [count, height, width, channels] }, scale) {
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: channels }, (_, c) => {
      let [sum, pixels] = [0, 0];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          if (y > 0 && x > 0 && y < height - 1 && x < width - 1) continue;
          sum += data[((i * height + y) * width + x) * channels + c] * scale;
          pixels++;
        }
      return sum / pixels;
    }),
  );
}

/** Mean distance from white, and how far the colours of the grounds are apart: their largest channel less the smallest. */
function rowOf(what, images, scale = 1) {
  const found = grounds(images, scale);
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const off = found.map((rgb) => mean(rgb.map((value) => Math.abs(1 - value))));
  const tint = found.map((rgb) => Math.max(...rgb) - Math.min(...rgb));
  const row = { training: what, 'off white': mean(off).toFixed(4), tint: mean(tint).toFixed(4) };
  return { ...row, 'worst picture': Math.max(...off).toFixed(4) };
}

async function main() {
  const tokenizer = sd.CLIPTokenizer.fromPretrained(sd.EMOJI_TOKENIZER);
  const folder = path.join(root, 'data', 'own-pictures');
  const pictures = await sd.loadImageFolder(folder, { size: 32, tokenizer, maxLength: 20 });
  const rows = [rowOf('(the pictures themselves)', pictures.images, 1 / 255)];
  for (const [what, [config, extra]] of Object.entries(WAYS)) {
    rows.push(rowOf(what, await taught(config, extra, pictures)));
    console.error(Object.values(rows.at(-1)).join('  '));
  }
  console.log(String(sd.table(rows)));
}

main().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
