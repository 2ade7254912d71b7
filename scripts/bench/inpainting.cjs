// A UNet that sees the mask against blending over the model that ships: trains the first, draws with both, has the judge read them.
//
//   node scripts/bench/inpainting.cjs [STEPS] [IMAGES]
//
// Trains in runs/inpainting and can be stopped; the same command goes on. Batches of 64 of MNIST's training images; drawn are test
// images by their own captions, DDIM, 50 steps, the same noise for both.
const fs = require('node:fs');
const path = require('node:path');
const ndarray = require('ndarray');

const root = path.join(__dirname, '..', '..');
const sd = require(path.join(root, 'dist', 'notebook.js'));
const { columnsOf } = require(path.join(root, 'dist', 'mnist', 'evaluation', 'index.js'));
const { randomMasks } = require(path.join(root, 'dist', 'training', 'random-masks.js'));
const { RandomStream } = require(path.join(root, 'dist', 'random', 'index.js'));

const [STEPS, IMAGES] = [process.argv[2] ?? 1500, process.argv[3] ?? 500].map(Number);
const [BATCH, SAVE_EVERY, SEED] = [64, 250, 42];
/** Of sampling, and images at once. */
const [SAMPLING_STEPS, DRAWN] = [50, 100];
const COLUMNS = ['accuracy', '95 % interval', 'over real'];
const folder = path.join(root, 'runs', 'inpainting');
const model = path.join(folder, `model-${STEPS}`);

async function train() {
  const { scheduler: noiseScheduler, unet: trained, ...rest } = sd.loadCheckpoint(sd.SHIPPED_MODEL);
  const unet = sd.inpaintingUNet(trained);
  trained.dispose();
  const dataset = sd.loadMnist({ split: 'train', source: 'full' });
  const parts = { ...rest, unet, noiseScheduler, dataset };
  const objective = new sd.InpaintingObjective(parts, {
    captionDropout: 0.1,
    trainTextEncoder: false,
  });
  const trainer = new sd.Trainer(objective, {
    batchSize: BATCH,
    learningRate: 5e-4,
    maxGradNorm: 1,
    ema: { decay: 0.999, useEmaWarmup: true, power: 3 / 4 },
    seed: SEED,
    lrSchedule: sd.getScheduler('cosine', { numWarmupSteps: 50, numTrainingSteps: STEPS }),
  });
  sd.resumeTraining(folder, trainer);
  const onStep = ({ step, loss }) => {
    if (step % SAVE_EVERY > 0) return;
    sd.saveTraining(folder, trainer);
    console.log(`step ${step} of ${STEPS}, loss ${loss.toFixed(4)}`);
  };
  await trainer.fit({ maxSteps: STEPS, onStep });
  await trainer.ema.withAveragedWeights(() =>
    sd.saveCheckpoint(model, { ...rest, unet, scheduler: noiseScheduler }),
  );
  trainer.dispose();
  objective.dispose();
  unet.dispose();
  rest.textEncoder.dispose();
}

const maskOf = (isOpen) =>
  ndarray(
    Uint8Array.from({ length: 784 }, (_, i) => (isOpen(Math.floor(i / 28), i % 28) ? 255 : 0)),
    [28, 28],
  );

function masks() {
  const drawn = randomMasks([IMAGES, 28, 28], new RandomStream(SEED, 'masks').at(0));
  const bytes = Uint8Array.from(drawn.dataSync(), (value) => 255 * value);
  drawn.dispose();
  return {
    'bottom half': maskOf((y) => y >= 14),
    'right half': maskOf((_, x) => x >= 14),
    'middle, 14 × 14': maskOf((y, x) => y >= 7 && y < 21 && x >= 7 && x < 21),
    'rectangles, ellipses': ndarray(bytes, [IMAGES, 28, 28]),
  };
}

async function compare() {
  const test = sd.loadMnist({ split: 'test', source: 'full' });
  const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
  const reference = await sd.realReference(judge, test, IMAGES);
  const image = test.images;
  const labels = test.labels.slice(0, IMAGES);
  const captions = Array.from(labels, sd.captionOf);
  const ways = Object.entries({ blending: sd.SHIPPED_MODEL, 'sees the mask': model }).map(
    ([name, of]) => {
      const parts = sd.loadCheckpoint(of);
      const scheduler = sd.makeSampler('ddim', parts.scheduler.config);
      const pipe = new sd.TextToImagePipeline({ ...parts, scheduler });
      return [name, sd.InpaintPipeline.fromPipe(pipe)];
    },
  );
  const rows = [];
  for (const [kind, mask] of Object.entries(masks())) {
    for (const [way, inpaint] of ways) {
      const data = new Float32Array(IMAGES * 784);
      for (let from = 0; from < IMAGES; from += DRAWN) {
        const to = Math.min(IMAGES, from + DRAWN);
        const own = mask.shape.length === 2 ? mask : mask.hi(to).lo(from);
        const { images } = await inpaint.generate(captions.slice(from, to), {
          image: image.hi(to).lo(from),
          mask: own,
          seed: SEED + from,
          numInferenceSteps: SAMPLING_STEPS,
          progressBar: false,
        });
        data.set(images.data, from * 784);
      }
      const set = { images: ndarray(data, [IMAGES, 28, 28, 1]), labels };
      const found = sd.compareImages(judge, set, reference.sets, reference.floor);
      const columns = columnsOf({ name: way, ...found });
      const row = { mask: kind, way };
      for (const column of COLUMNS) row[column] = columns[column];
      rows.push(row);
    }
  }
  console.log(String(sd.table(rows)));
}

(async () => {
  if (!fs.existsSync(model)) await train();
  await compare();
})().then(
  () => process.exit(),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
