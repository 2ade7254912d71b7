/** The package in somebody else's empty project: what `npm pack` makes is installed, built, typed, trained and drawn with. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../parity/python';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';
import { root } from '../support/script';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const project = realpathSync(temporaryFolder());
const installed = path.join(project, 'node_modules', 'stable-diffusion-mnist');

function run(program: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const options = { cwd: project, encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return execFileSync(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The wheel that the set-up has installed: what is tried is the package, not pip. */
function wheel(): string {
  const lib = path.join(root, '.venv', 'lib');
  return path.join(lib, readdirSync(lib)[0]!, 'site-packages', 'tensorflow');
}

function write(name: string, text: string): string {
  writeFileSync(path.join(project, name), text);
  return name;
}

beforeAll(() => {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      cwd: root,
      encoding: 'utf8',
    }),
  ) as [{ filename: string }];
  write('package.json', '{ "name": "somebodys", "private": true }');
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  run('npm', ['install', '--ignore-scripts', ...quiet, path.join(project, filename)]);
});

it('brings the library, its models and sources, and nothing of the tests', () => {
  for (const name of [
    'dist/index.js',
    'dist/notebook.d.ts',
    'lib/index.ts',
    'native/fused',
    'web/build/worker.js',
  ]) {
    expect(existsSync(path.join(installed, name)), name).toBe(true);
  }
  for (const name of ['test', 'notebooks', 'docs', '.venv', '.setup']) {
    expect(existsSync(path.join(installed, name)), name).toBe(false);
  }
});

it('says what to do while TensorFlow is not built', () => {
  const code = write('early.cjs', "require('stable-diffusion-mnist');");
  expect(() => run(process.execPath, [code])).toThrow(/npx stable-diffusion-mnist build-native/);
});

it('its types resolve, for the old and the new way of finding modules', () => {
  write(
    'typed.ts',
    `import * as sd from 'stable-diffusion-mnist';
import { progress, table } from 'stable-diffusion-mnist/notebook';
const objective: sd.Objective = null as unknown as sd.TextToImageObjective;
const trainer = new sd.Trainer(objective, { batchSize: 1, seed: 1 });
const loss: number = trainer.history.steps[0].loss;
// @ts-expect-error -- no such option
new sd.Trainer(objective, { batchSize: 1, seed: 1, learningrate: 1 });
console.log(loss, progress, String(table({ a: 1 })));
`,
  );
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const resolution of ['Node10', 'Node16']) {
    const module = resolution === 'Node10' ? 'CommonJS' : 'Node16';
    const ways = ['--module', module, '--moduleResolution', resolution, '--esModuleInterop'];
    const checks = [
      '--noEmit',
      '--strict',
      '--target',
      'ES2022',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    expect(run(process.execPath, [tsc, ...ways, ...checks, 'typed.ts'])).toBe('');
  }
});

it('trains three steps and draws an image, with plain ops, and installs nothing in its host', () => {
  const bin = path.join(project, 'node_modules', '.bin', 'stable-diffusion-mnist');
  const built = run(bin, ['build-native', '--plain'], { SDM_TENSORFLOW: wheel() });
  expect(built).toContain('Ready');
  const code = write(
    'train.cjs',
    `require('@tensorflow/tfjs-node-gpu'); // what it sets is not the library's
const before = Object.keys(globalThis);
const display = Symbol.for('Jupyter.display');
const sd = require('stable-diffusion-mnist');
const init = new sd.Generator(1).stream('init');
const parts = {
  unet: new sd.UNet2DConditionModel(${JSON.stringify(TINY_UNET)}, init),
  textEncoder: new sd.CLIPTextModel(${JSON.stringify(TINY_TEXT)}, init),
  tokenizer: sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER),
  noiseScheduler: new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG),
  dataset: sd.loadMnist({ split: 'train', source: 'quick' }),
};
const trainer = new sd.Trainer(new sd.TextToImageObjective(parts), { batchSize: 4, seed: 1 });
async function main() {
  const { steps } = await trainer.fit({ maxSteps: 3 });
  const scheduler = sd.DDIMScheduler.fromConfig(parts.noiseScheduler.config);
  const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
  const { images } = await pipeline.generate('A handwritten digit 4', { seed: 1, numInferenceSteps: 2 });
  const shown = sd.TextToImagePipeline.fromPretrained(sd.SHIPPED_MODEL);
  console.log(JSON.stringify({
    losses: steps.map(({ loss }) => loss),
    shape: images.shape,
    finite: images.data.every(Number.isFinite),
    parameters: sd.numParameters(shown.unet),
    views: [sd.tf.Tensor, sd.UNet2DConditionModel].some(({ prototype }) => display in prototype),
    globals: Object.keys(globalThis).filter((name) => !before.includes(name)),
    loaded: Object.keys(require.cache).some((file) => /[\\\\/](jsdom|plotly|tslab)[^\\\\/]*[\\\\/]/.test(file)),
    runs: sd.runFolder('x').startsWith(process.cwd()),
  }));
}
void main();
`,
  );
  const found = JSON.parse(run(process.execPath, [code]).trim().split('\n').at(-1)!) as {
    losses: number[];
  };
  expect(found.losses).toHaveLength(3);
  expect(found.losses.every((loss) => loss > 0.5 && loss < 2)).toBe(true);
  expect(found).toMatchObject({
    shape: [1, 28, 28, 1],
    finite: true,
    parameters: 3_140_385,
    views: false,
    globals: [],
    loaded: false,
    runs: true,
  });
});
