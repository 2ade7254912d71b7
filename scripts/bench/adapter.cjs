// An adapter's training against that of the whole UNet: seconds a step and peak memory, in processes that take turns.
//
//   node scripts/bench/adapter.cjs [ROUNDS]
//
// The shipped model, batches of 16 of MNIST's images, the text encoder frozen; r = 4 on the attention's four matrices.
const { execFileSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const [BATCH, CHECKED, STEPS] = [16, 3, 9];

async function measure(kind) {
  const sd = require(path.join(__dirname, '..', '..', 'dist'));
  const { scheduler: noiseScheduler, ...models } = sd.loadCheckpoint(sd.SHIPPED_MODEL);
  const dataset = sd.loadMnist({ split: 'train', source: 'full' });
  const parts = { ...models, noiseScheduler, dataset };
  const whole = new sd.TextToImageObjective(parts, { trainTextEncoder: false });
  const targetModules = ['to_q', 'to_k', 'to_v', 'to_out.0'];
  if (kind === 'adapter') sd.addAdapter(models.unet, { r: 4, loraAlpha: 4, targetModules });
  const objective = kind === 'adapter' ? new sd.AdapterObjective(whole) : whole;
  const trainer = new sd.Trainer(objective, { batchSize: BATCH, learningRate: 1e-4, seed: 1 });
  const seconds = [];
  let last = 0;
  const onStep = ({ step }) => {
    const now = performance.now();
    if (step > CHECKED) seconds.push((now - last) / 1000);
    last = now;
  };
  await trainer.fit({ maxSteps: CHECKED + STEPS, onStep });
  const megabytes = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ seconds, megabytes }));
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function compare(rounds) {
  const found = { whole: [], adapter: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [kind, runs] of Object.entries(found)) {
      const out = execFileSync(process.execPath, [__filename, '--measure', kind], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      runs.push(JSON.parse(String(out).trim().split('\n').at(-1)));
    }
  }
  const rows = Object.entries(found).map(([kind, runs]) => [
    kind,
    median(runs.flatMap(({ seconds }) => seconds)),
    median(runs.map(({ megabytes }) => megabytes)),
  ]);
  for (const [kind, seconds, megabytes] of rows) {
    console.log(`${kind}: ${seconds.toFixed(3)} s a step, peak ${Math.round(megabytes)} MB`);
  }
  const [[, wholeSeconds, wholeMemory], [, seconds, memory]] = rows;
  const [{ model }] = os.cpus();
  console.log(
    `An adapter is ${(wholeSeconds / seconds).toFixed(2)} times as fast and takes ${(memory / wholeMemory).toFixed(2)} of the ` +
      `memory (${model}, load ${os.loadavg()[0].toFixed(1)}).`,
  );
}

const [first, kind] = process.argv.slice(2);
if (first === '--measure') {
  measure(kind).then(() => process.exit());
} else {
  compare(Number(first ?? 3));
}
