import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DataLoader } from '../../lib/datasets/data-loader';
import { loadMnist } from '../../lib/mnist/mnist';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { stateDict, type StateDict } from '../../lib/nn/state-dict';
import { saveCheckpoint } from '../../lib/pretrained/checkpoint';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { Generator, rand, randint, randn } from '../../lib/random';
import { RECIPES, recipeSchedule, type Recipe } from '../../lib/mnist/recipes';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TextToImageObjective } from '../../lib/training/text-to-image-objective';
import { Trainer } from '../../lib/training/trainer';
import { MINUTES_10, readTensors, runPython, temporaryFolder, writeJson } from './python';

const STEPS = 6;
const names = ['blog', 'adamw', 'best', 'fast'] as const;
const mnist = loadMnist({ split: 'train', source: 'full' });
const folder = temporaryFolder();

/** The recipe in small batches; what it does over thousands of steps it does in six. */
function shortRecipe(name: (typeof names)[number]): Recipe {
  const { trainer, ...recipe }: Recipe = RECIPES[name];
  const short = { ...recipe, trainer: { ...trainer, batchSize: 4 }, maxSteps: STEPS };
  return name === 'blog' ? short : { ...short, warmupSteps: 2, decayShare: 0.5 };
}

interface Run {
  readonly losses: readonly number[];
  readonly before: StateDict;
  /** What samples are drawn with: averaged, if the recipe averages. */
  readonly after: StateDict;
}

async function runHere(name: (typeof names)[number]): Promise<Run> {
  const recipe = shortRecipe(name);
  const init = new Generator(6).stream('init');
  const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, init);
  const textEncoder = new CLIPTextModel(SMALL_TEXT_CONFIG, init);
  const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
  const noiseScheduler = new DDPMScheduler(recipe.scheduler);
  const own = path.join(folder, name);
  mkdirSync(own);
  writeJson(path.join(own, 'recipe.json'), recipe);
  const model = path.join(own, 'model-0');
  saveCheckpoint(model, { unet, textEncoder, tokenizer, scheduler: noiseScheduler });
  const before = stateDict(unet);
  const parts = { unet, textEncoder, tokenizer, noiseScheduler, dataset: mnist };
  const objective = new TextToImageObjective(parts, recipe.objective);
  const options = { ...recipe.trainer, lrSchedule: recipeSchedule(recipe) };
  const trainer = new Trainer(objective, options);
  const { steps } = await trainer.fit({ maxSteps: STEPS });
  const weights = () => stateDict(unet);
  const after = trainer.ema ? await trainer.ema.withAveragedWeights(weights) : weights();
  trainer.dispose();
  objective.dispose();
  unet.dispose();
  textEncoder.dispose();
  return { losses: steps.map(({ loss }) => loss), before, after };
}

/** How far the weights of b are from those of a, both as one vector. */
function distance(a: StateDict, b: StateDict): number {
  let squares = 0;
  for (const [name, { data }] of a) {
    const other = b.get(name)!.data;
    data.forEach((x, i) => (squares += (x - other[i]!) ** 2));
  }
  return Math.sqrt(squares);
}

let runs: Record<string, Run>;
let python: ReturnType<typeof readTensors>;

beforeAll(async () => {
  const entries: [string, Run][] = [];
  for (const name of names) entries.push([name, await runHere(name)]);
  runs = Object.fromEntries(entries);
  runPython('train_in_torch.py', folder);
  python = readTensors(path.join(folder, 'out.safetensors'));
}, MINUTES_10);

describe.each(names)("the recipe '%s' here and by scripts/train_in_torch.py", (name) => {
  it('has the same losses: order, noise, time steps, dropout, target, rate, clipping', () => {
    const expected = python.get(name)!.data;
    const { losses } = runs[name]!;
    expect(losses).toHaveLength(STEPS);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
  });

  // Muon makes the smallest directions of a gradient, which are rounding, hundreds of times as large: 2 % here
  const share = name === 'fast' || name === 'best' ? 0.05 : 0.01;
  it(`gives the same weights, apart from ${share} of the way that they went`, () => {
    const { before, after } = runs[name]!;
    const unet = UNet2DConditionModel.fromPretrained(path.join(folder, name, 'torch', 'unet'));
    const theirs = stateDict(unet);
    unet.dispose();
    expect(distance(theirs, after)).toBeLessThan(share * distance(before, after));
  });
});

it.each([2, 1000])('--draws library draws what the trainer draws for step %i', (step) => {
  const { batchSize, seed } = RECIPES.adamw.trainer;
  const { captionDropout } = RECIPES.adamw.objective;
  const loader = new DataLoader(mnist, { batchSize, seed });
  const epoch = Math.floor(step / loader.length);
  loader.loadState({ epoch, position: (step % loader.length) * batchSize });
  const [batch] = loader;
  const generator = new Generator(seed);
  const keyOf = (name: 'noise' | 'timesteps' | 'dropout') => generator.stream(name).at(step + 1);
  const drawn = (name: string) => python.get(`${step}.${name}`)!.data;
  const numbers = (name: string) => [...drawn(name)];
  expect(numbers('rows')).toEqual([...batch!.indices]);
  tf.tidy(() => {
    const timesteps = randint([batchSize], 0, 1000, keyOf('timesteps'));
    expect(numbers('timesteps')).toEqual([...timesteps.dataSync()]);
    const dropped = tf.less(rand([batchSize], keyOf('dropout')), captionDropout);
    expect(numbers('dropped')).toEqual([...dropped.dataSync()]);
    const noise = randn([batchSize, 28, 28, 1], keyOf('noise')).dataSync();
    expect(drawn('noise')).toBeCloseToMax(noise, 1e-6);
  });
});
