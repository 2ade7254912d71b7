// An adapter's training against that of the whole UNet: seconds a step and peak memory, in processes that take turns.
//
//   node scripts/bench/adapter.cjs [ROUNDS] [BATCH]
//
// The shipped model, batches of 16 of MNIST's images, the text encoder frozen; r = 4 on the attention's four matrices.
// "Added" is what the training takes beyond what the process has once models and images are loaded.
const { execFileSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');

const [CHECKED, STEPS] = [3, 9];
const peakMegabytes = () => process.resourceUsage().maxRSS / 1024;

async function measure(kind, batchSize) {
  const sd = require(path.join(__dirname, '..', '..', 'dist'));
  const { scheduler: noiseScheduler, ...models } = sd.loadCheckpoint(sd.SHIPPED_MODEL);
  const dataset = sd.loadMnist({ split: 'train', source: 'full' });
  const parts = { ...models, noiseScheduler, dataset };
  const whole = new sd.TextToImageObjective(parts, { trainTextEncoder: false });
  const targetModules = ['to_q', 'to_k', 'to_v', 'to_out.0'];
  if (kind === 'adapter') sd.addAdapter(models.unet, { r: 4, loraAlpha: 4, targetModules });
  const objective = kind === 'adapter' ? new sd.AdapterObjective(whole) : whole;
  const trainer = new sd.Trainer(objective, { batchSize, learningRate: 1e-4, seed: 1 });
  const seconds = [];
  let last = 0;
  const onStep = ({ step }) => {
    const now = performance.now();
    if (step > CHECKED) seconds.push((now - last) / 1000);
    last = now;
  };
  const before = peakMegabytes();
  await trainer.fit({ maxSteps: CHECKED + STEPS, onStep });
  const megabytes = peakMegabytes();
  console.log(JSON.stringify({ seconds, megabytes, added: megabytes - before }));
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function compare(rounds, batchSize) {
  const found = { whole: [], adapter: [] };
  for (let round = 0; round < rounds; round++) {
    for (const [kind, runs] of Object.entries(found)) {
      const out = execFileSync(process.execPath, [__filename, '--measure', kind, batchSize], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      runs.push(JSON.parse(String(out).trim().split('\n').at(-1)));
    }
  }
  const rows = Object.entries(found).map(([kind, runs]) => ({
    kind,
    seconds: median(runs.flatMap((run) => run.seconds)),
    megabytes: median(runs.map((run) => run.megabytes)),
    added: median(runs.map((run) => run.added)),
  }));
  for (const { kind, seconds, megabytes, added } of rows) {
    const memory = `peak ${Math.round(megabytes)} MB, ${Math.round(added)} MB of it added`;
    console.log(`${kind}: ${seconds.toFixed(3)} s a step, ${memory}`);
  }
  const [whole, adapter] = rows;
  const share = (key) => (adapter[key] / whole[key]).toFixed(2);
  const [{ model }] = os.cpus();
  console.log(
    `Batches of ${batchSize}: an adapter is ${(whole.seconds / adapter.seconds).toFixed(2)} times as fast and takes ` +
      `${share('megabytes')} of the memory, ${share('added')} of what is added (${model}, load ${os.loadavg()[0].toFixed(1)}).`,
  );
}

const [first = 3, ...rest] = process.argv.slice(2);
if (first === '--measure') {
  const [kind, batchSize] = rest;
  measure(kind, Number(batchSize)).then(() => process.exit());
} else {
  compare(Number(first), Number(rest[0] ?? 16));
}
