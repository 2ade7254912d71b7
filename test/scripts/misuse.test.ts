/** Wrong command lines, and what is said of each: no option is passed over, no value taken for another. */
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MIXED_PRECISION_RULE } from '../../lib/jit';
import { RECIPES, type AnyRecipe } from '../../lib/mnist/recipes';
import { FLOW_SAMPLER_NAMES, SAMPLER_NAMES } from '../../lib/schedulers/samplers';
import { WEIGHT_FORMATS } from '../../lib/web/quantized';
import { temporaryFolder } from '../parity/python';
import { loadScript, root } from '../support/script';

interface Asked {
  readonly help?: true;
  readonly problems?: string[];
  readonly values?: Record<string, unknown>;
  readonly words?: unknown[];
  readonly rest?: string[];
}
type Parse = (
  command: object,
  argv: string[],
  context?: { env?: NodeJS.ProcessEnv; elsewhere?: object[] },
) => Asked;

const { parse, givenOptions } = loadScript<{
  parse: Parse;
  givenOptions: (command: object, values: object) => string[];
}>('command-line/parse.mjs');
const { helpOf } = loadScript<{ helpOf: (command: object) => string }>('command-line/help.mjs');
const { commands } = loadScript<{ commands: Record<string, { options: object; run: string }> }>(
  'commands/index.mjs',
);
const { buildNative } = loadScript<{ buildNative: object }>('commands/build-native.mjs');
const all: Record<string, object> = { ...commands, 'build-native': buildNative };
const names =
  loadScript<
    Record<
      'RECIPES' | 'SHIPPING_RECIPES' | 'SCHEDULERS' | 'WEIGHT_FORMATS' | 'MIXED_PRECISIONS',
      string[]
    >
  >('commands/names.mjs');

const ask = (command: string, argv: string[], env: NodeJS.ProcessEnv = {}) =>
  parse(all[command]!, argv, { env, elsewhere: Object.values(commands) });

const SHIPPED = 'checkpoints/mnist-text-to-image';

/** Folders that hold what they should not. */
let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, 'kept', 'model-500'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'full'));
  fs.writeFileSync(path.join(folder, 'full', 'thesis.tex'), 'x');
});

const COUNT = /^--steps: expected a whole number from 1 on, got '/;
const EMPTY = /got an empty text\./;
const TABLE: Record<string, [argv: string[], says: RegExp][]> = {
  train: [
    [['--stepz', '5'], /^unknown option --stepz\. Did you mean --steps\?$/],
    [['--steps'], /^--steps needs a value: a whole number from 1 on\.$/],
    [['--steps', '--output', 'x'], /^--steps needs a value: .*; got the option --output\.$/],
    [['--steps', 'abc'], COUNT],
    [['--steps', 'NaN'], COUNT],
    [['--steps', '0'], COUNT],
    [['--steps', '-1'], COUNT],
    [['--steps', '1.5'], COUNT],
    [['--steps', '1e99'], COUNT],
    [['--steps', 'Infinity'], COUNT],
    [['--steps', '0x10'], COUNT],
    [['--steps', '1_000'], COUNT],
    [['--steps', ' 5'], COUNT],
    [['--steps', '5 steps'], COUNT],
    [['--steps', ''], EMPTY],
    [['--steps='], EMPTY],
    [['--steps', '5', '--steps', '6'], /^--steps is given twice\.$/],
    [['--steps', '5', 'extra'], /^unexpected argument 'extra'\. train takes options only\.$/],
    // Further words that PyTorch's scripts know; a negative number is a value, no second mistake.
    [['--seed', '-1'], /^unknown option --seed\. Did you mean --set trainer\.seed=…\?$/],
    [['--lr', '-.5'], /^unknown option --lr\. Did you mean --set trainer\.learningRate=…\?$/],
    [['--epochs', '3'], /^unknown option --epochs\. Did you mean --steps\?$/],
    [['--resume'], /^unknown option --resume\. Did you mean --output\?$/],
    [['--dataset', 'mnist'], /^unknown option --dataset\. Did you mean --recipe\?$/],
    [
      ['--set', 'trainer.seed=1', '--set', 'trainer.seed=2'],
      /^--set trainer\.seed is given twice\.$/,
    ],
    [['--no-steps'], /^unknown option --no-steps\. Leave --steps out instead\.$/],
    [['-steps', '5'], /^unknown option -steps\. Did you mean --steps\?$/],
    [['--STEPS', '5'], /Did you mean --steps\?$/],
    [['--max-steps', '5'], /Did you mean --steps\?$/],
    [['--max_steps=5'], /Did you mean --steps\?$/],
    [['–steps', '5'], /Options begin with two hyphens\. Did you mean --steps\?$/],
    [['steps=5'], /^unexpected argument 'steps=5'\. Did you mean --steps=5\?$/],
    [['--', '--steps', '5'], /^unexpected argument '--steps'\. It stands behind a second --/],
    [
      ['--recipe'],
      /^--recipe needs a value: one of fast, best, adamw, blog, flow, emoji, cifar10\.$/,
    ],
    [
      ['--recipe', 'bset'],
      /^--recipe: expected one of fast, best, adamw, blog, flow, emoji, cifar10, got 'bset'\. Did you mean best\?$/,
    ],
    [['--recipe=best=x'], /Did you mean best\?$/],
    [['--recipe', 'best '], /got 'best '\. Did you mean best\?$/],
    [
      ['--recipe', 'constructor'],
      /^--recipe: expected one of fast, best, adamw, blog, flow, emoji, cifar10, got 'constructor'\.$/,
    ],
    [['best'], /^unexpected argument 'best'\. Did you mean --recipe best\?$/],
    [['-r', 'best'], /^unknown option -r\. Did you mean --recipe\?$/],
    [['--constructor'], /^unknown option --constructor\. Known: --recipe, /],
    [['--__proto__', '3'], /^unknown option --__proto__\. Known: --recipe, /],
    [['--guidance', '3'], /^unknown option --guidance\. It is one of npm run evaluate\.$/],
    [['--learning-rate', '3'], /Did you mean --set trainer\.learningRate=…\?$/],
    [['--saveEvery', '3'], /Did you mean --save-every\?$/],
    [['--output', ''], EMPTY],
    [['--output', 'package.json'], /got 'package\.json'\. That is a file\.$/],
    [['--output', 'package.json/run'], /package\.json is a file, not a folder\.$/],
    [['--keep', '1,x'], /^--keep: expected whole numbers with commas between.*got '1,x'\.$/],
    [['--keep', '250,'], /^--keep: expected .*got '250,'\.$/],
    [['--workers', '0'], /^--workers: expected a whole number from 1 on, got '0'/],
    [['--worker-timeout', '0'], /^--worker-timeout: expected a number above 0, got '0'/],
    [['--nproc-per-node', '2'], /--workers/],
    [['--bind', ''], EMPTY],
    [['--mixed-precision', 'fp16'], /^--mixed-precision: expected .*got 'fp16'/],
    [['--mixed_precision', 'bf16'], /Did you mean --mixed-precision\?$/],
    [['--logging-steps', '0'], /^--logging-steps: expected a whole number from 1 on, got '0'/],
    [['--log-every', '5'], /Did you mean --logging-steps\?$/],
    [['--xla=yes'], /--xla/],
    [['--jit-compile'], /Did you mean --xla\?$/],
    [['--set', 'foo'], /^--set: expected KEY=VALUE/],
    [['--set', 'trainr.seed=3'], /Did you mean trainer\.\?$/],
    [['--set', 'warmupstep=3'], /Did you mean warmupSteps\?$/],
    [['--set', 'warmupSteps=soon'], /^--set: expected KEY=VALUE/],
    [['--set', 'decayShare=2'], /decayShare \(0 to 1\), got 'decayShare=2'/],
    [['--set', 'trainer=3'], /^--set: expected KEY=VALUE/],
    [['--set', 'trainer.=3'], /^--set: expected KEY=VALUE/],
    [['--set', 'trainer.__proto__.seed=3'], /^--set: expected KEY=VALUE.*got 'trainer\.__proto__/],
    [['--set', 'trainer.lrSchedule=cosine'], /got 'trainer\.lrSchedule=cosine'\. The rate rises/],
    [['--set', 'trainer.cluster.size=2'], /Workers are given by --workers/],
    [
      ['--set', 'trainer.loggingSteps=3', '--logging-steps', '4'],
      /^--logging-steps and --set trainer\.loggingSteps=… are the same setting: leave one of them out\.$/,
    ],
    [['--xla', '--set', 'trainer.xla=false'], /^--xla and --set trainer\.xla=… are the same/],
  ],
  evaluate: [
    [['--mixed-precision', 'yes'], /^--mixed-precision: expected .*got 'yes'/],
    [[], /^--checkpoint FOLDER or --drawn FILE or --sanity must be given\.$/],
    [['--checkpoint', 'runs/none'], /There is no folder .*runs\/none\..*mnist-text-to-image/],
    [['--checkpoint', 'package.json'], /That is a file\./],
    [
      ['--checkpoint', 'docs'],
      /It has no model_index\.json, and no model\/ or checkpoint-STEP\/ in/,
    ],
    [['--checkpoint', 'checkpoints/judge'], /That is a judge, not a model that draws\./],
    [['--checkpoint', 'mnist-text-to-image'], /Did you mean checkpoints\/mnist-text-to-image\?$/],
    [['--checkpoint', '<folder>/kept'], /It has kept models only: name one, such as model-500\./],
    [['--checkpoint', ''], EMPTY],
    [['--checkpoint', SHIPPED, '--checkpoint', SHIPPED], /^--checkpoint is given twice\.$/],
    [[SHIPPED], /^unexpected argument .*Did you mean --checkpoint checkpoints\/mnist/],
    [['--sanity', '--images', '15'], /^--images: expected a multiple of 10 from 20 to 4460/],
    [['--sanity', '--images', '10'], /^--images: expected a multiple of 10 from 20 to 4460/],
    [['--sanity', '--images', '100000'], /^--images: expected a multiple of 10 from 20 to 4460/],
    [
      ['--sanity', '--batch', '30'],
      /^--images 1000 cannot be drawn in batches of 30.*such as 100\.$/,
    ],
    [['--sanity', '--batch', '5'], /^--batch: expected a multiple of 10 from 10 on, got '5'\.$/],
    [['--sanity', '--scheduler', 'foo'], /expected one of ddpm, ddim, .*heun, flow, got 'foo'\.$/],
    [['--sanity', '--scheduler', 'DDMP'], /Did you mean ddpm\?$/],
    [['--sanity', '--spacing', 'trailng'], /Did you mean trailing\?$/],
    [['--sanity', '--guidance', 'NaN'], /^--guidance: expected numbers from 0 on/],
    [['--sanity', '--guidance', '-1'], /^--guidance: expected numbers from 0 on.*got '-1'\.$/],
    [['--sanity', '--guidance', '1,,2'], /^--guidance: expected numbers from 0 on/],
    [['--sanity', '--guidance-scale', '2'], /Did you mean --guidance\?$/],
    [['--sanity', '--steps', '1001'], /^--steps: expected a whole number from 1 to 1000/],
    [['--sanity', '--seed', '9007199254740992'], /from 0 to 2\^53 − 1, got/],
    [['--sanity', '--config', '{x'], /^--config: expected an object in JSON/],
    [['--sanity', '--generate', '[1]'], /^--generate: expected an object in JSON/],
    [
      ['--checkpoint', SHIPPED, '--generate', '{"numInferenceSteps":3}'],
      /^--generate numInferenceSteps: expected .*, got numInferenceSteps, which is --steps\.$/,
    ],
    [
      ['--checkpoint', SHIPPED, '--data', 'emoji', '--generate', '{"guidanceScale":3}'],
      /which is --guidance\.$/,
    ],
    [
      ['--checkpoint', SHIPPED, '--generate', '{"numImagesPerPrompt":2}'],
      /^--generate numImagesPerPrompt: .* the command decides itself\.$/,
    ],
    [['--sanity', '--config', 'null'], /^--config: expected an object in JSON/],
    [['--sanity=yes'], /^--sanity takes no value, got 'yes'\.$/],
    [['--sanity', '--sanity'], /^--sanity is given twice\.$/],
    [['--sanity', '--best', 'mix'], /^--best: expected min or max, got 'mix'\./],
    [['--sanity', '--last-weights'], /^--last-weights needs --checkpoint\.$/],
    [['--sanity', '--plot', 'x.pdf'], /ends in \.svg or \.png, got 'x\.pdf'\.$/],
    [['--sanity', '--plot', 'x.svg'], /^--plot needs --checkpoint/],
    [['--sanity', '--judge', 'docs'], /It has no judge\.json/],
    [['--data', 'emojis'], /Did you mean emoji\?$/],
    [
      ['--data', 'emoji', '--checkpoint', SHIPPED, '--images', '20'],
      /^--images is of digits: leave it out with --data emoji\.$/,
    ],
    [['--data', 'emoji', '--sanity'], /^--sanity is of digits/],
    [['--drawn', 'none.safetensors'], /There is no file .*none\.safetensors\.$/],
    [['--drawn', 'docs'], /That is a folder\.$/],
  ],
  'learning-curve': [
    [[], /^--run NAME=FOLDER@SECONDS must be given\.$/],
    [['--run', 'best'], /^--run: expected NAME=FOLDER@SECONDS, such as .*got 'best'\.$/],
    [['--run', 'a=runs/none@1'], /There is no folder .*runs\/none\.$/],
    [['--run', 'a=docs@1'], /docs has no model-STEP: npm run train -- --keep/],
    [['--run', 'a=<folder>/kept@0'], /^--run: expected NAME=FOLDER@SECONDS/],
    [['--run', '=<folder>/kept@1'], /^--run: expected NAME=FOLDER@SECONDS/],
    [['--run', 'a=<folder>/kept@1', '--until', '499'], /its first is of step 500\.$/],
    [['--checkpoint', 'docs'], /Did you mean --run\?$/],
    [
      ['--run', 'a=<folder>/kept@1', '--guidance', '1,2'],
      /^--guidance: expected a number from 0 on/,
    ],
  ],
  'export-model': [
    [[], /^--checkpoint FOLDER must be given\.$/],
    [['--from', 'docs'], /Did you mean --checkpoint\?$/],
    [['--checkpoint', SHIPPED, '--recipe', 'Blog'], /Did you mean blog\?$/],
    [['--checkpoint', SHIPPED, '--output', '<folder>/full'], /that one holds something else\.$/],
    [['--checkpoint', SHIPPED, '--results', 'none'], /There is no folder/],
    [
      ['--checkpoint', SHIPPED, '--recipe', 'cifar10'],
      /^--recipe: expected one of fast, best, adamw, blog, flow, emoji/,
    ],
  ],
  web: [
    [[], /^--checkpoint FOLDER must be given\.$/],
    [
      ['--checkpoint', SHIPPED, '--weights', 'int4'],
      /^--weights: expected one of float16, int8, float32/,
    ],
    [['--checkpoint', SHIPPED, '--weights', 'int-8'], /Did you mean int8\?$/],
    [
      ['--checkpoint', SHIPPED, '--single', 'digits.htm'],
      /expected a file to write that ends in \.html/,
    ],
    [['--checkpoint', SHIPPED, '--output', '<folder>/full'], /that one holds something else\.$/],
    [
      ['--checkpoint', SHIPPED, '--serve', '--single', 'x.html'],
      /^--serve needs --output beside --single/,
    ],
    [['--checkpoint', SHIPPED, '--port', '80'], /^--port needs --serve\.$/],
    [['--checkpoint', SHIPPED, 'x.html'], /^unexpected argument 'x\.html'\. Did you mean/],
  ],
  'train-judge': [
    [['--epochs', 'abc'], /^--epochs: expected a whole number from 1 to 1000, got 'abc'\.$/],
    [['--data', 'cifar'], /^--data: expected mnist or emoji, got 'cifar'\.$/],
    [['--epoch', '3'], /Did you mean --epochs\?$/],
    [['3'], /^unexpected argument '3'\. train-judge takes options only\.$/],
  ],
  bench: [
    [['--onli', 'unet-64'], /^unknown option --onli\. Did you mean --only\?$/],
    [['--only', 'unet-46'], /Did you mean unet-64/],
    [['--only', 'unet-64,'], /^--only: expected one of unet-64, .*got 'unet-64,'\.$/],
    [['--only', ''], EMPTY],
    [['--only', '--quick'], /^--only needs a value: .*; got the option --quick\.$/],
    [['--sweep', '--only', 'compile'], /^--sweep and --only cannot be together/],
    [['--no-quick'], /Leave --quick out instead\.$/],
    [['--quick=false'], /^--quick takes no value, got 'false'\.$/],
    [['quick'], /Did you mean --quick\?$/],
    [['compile'], /Did you mean --only compile\?$/],
    [['--device', 'cuda'], /^--device: expected cpu or gpu, got 'cuda'\.$/],
    [['--device'], /^--device needs a value: cpu or gpu\.$/],
    [['--device', 'gpu', '--device', 'cpu'], /^--device is given twice\.$/],
    [['gpu'], /^unexpected argument 'gpu'\. Did you mean --device gpu\?$/],
    [['--device', 'gpu', '--sweep'], /^--sweep is of the CPU: leave it out with --device gpu\.$/],
    [
      ['--device', 'gpu', '--only', 'unet-64,loop-512'],
      /^--only loop-512 is of the CPU: with --device gpu there are unet-512, unet-512-bf16, sample-16, unet-64\.$/,
    ],
    [['--device', 'gpu', '--only', 'compile'], /^--only compile is of the CPU/],
    [['--tf32', 'off'], /^--tf32 needs --device gpu\.$/],
    [
      ['--device', 'gpu', '--tf32', 'on'],
      /^--tf32: expected one of same, default, off, got 'on'\./,
    ],
  ],
  compare: [
    [[], /^expected the folder of another clone that is set up, got nothing\.$/],
    [['nosuch'], /There is no folder .*nosuch\.$/],
    [['docs'], /It has no package\.json that can be read\.$/],
    [['node_modules/vitest'], /That is vitest\.$/],
    [['.'], /That is this clone itself\.$/],
    [['docs', 'lib'], /^expected 1 FOLDER, got 2: 'docs', 'lib'\.$/],
  ],
  soak: [
    [['--only', 'kil'], /expected parts among kill, .*got 'kil'\. Did you mean kill/],
    [['--only', 'kill;fuzz'], /got 'kill;fuzz'\./],
    [['kill'], /Did you mean --only kill\?$/],
    [['--hours', '3'], /^unknown option --hours\. Known: --only, --anew, --help\.$/],
    [['--anew=yes'], /^--anew takes no value/],
  ],
  'gpu-all': [
    [['--minutes', '0'], /^--minutes: expected a number above 0, got '0'\.$/],
    [['--minuts', '5'], /Did you mean --minutes\?$/],
    [['15'], /^unexpected argument '15'\. gpu-all takes options only\.$/],
  ],
  'gpu-check': [
    [['--only', 'loses'], /Did you mean losses\?$/],
    [['--only', ''], EMPTY],
    [['models'], /Did you mean --only models\?$/],
    [['--json', 'figures.txt'], /^--json: expected .*\.json/],
    [['--device', 'gpu'], /^unknown option --device\. It is one of npm run bench/],
    [['--card', '0'], /^unknown option --card\. Known: --only, --as-is, --json, --help\.$/],
  ],
  notebooks: [
    [['-p', 'a', '1', '--parameter', 'a=2'], /^--parameter a is given twice\.$/],
    [['99-nothing'], /There are 00-check-your-machine, /],
    [['04-trian'], /Did you mean 04-train\?$/],
    [['train'], /Did you mean 04-train\?$/],
    [['package.json'], /That file is no notebook\.$/],
    [['notebooks'], /^NOTEBOOK: expected a path/],
    [[''], EMPTY],
    [['-p'], /^-p needs a value: the NAME of a variable and its VALUE/],
    [['-p', 'preset'], /^-p: expected the NAME of a variable and its VALUE.*got 'preset'\.$/],
    [['-p', '3x', '4'], /got '3x=4'\.$/],
    [['--preset', 'smoke'], /Did you mean --parameter preset smoke\?$/],
    [['--in-plce'], /Did you mean --in-place\?$/],
    [['--in-place', '-p', 'a', '1'], /set the values in it instead of by -p\.$/],
    [['--timeout', '0'], /^--timeout: expected a number above 0, got '0'\.$/],
    [['--output', 'package.json'], /That is a file\.$/],
  ],
  matrix: [
    [['--node', '23'], /^--node: expected releases among 20, 22, 24, 26, got '23'/],
    [['--python', '3.9'], /^--python: expected versions among 3\.10, .*, got '3\.9'/],
    [['test/nn'], /test\/nn/],
  ],
  test: [
    [['test/nonexistent'], /^PATH: expected .*test has backend, browser, charts, /],
    [['test/nn/nothere.test.ts'], /test\/nn has activations\.test\.ts, /],
    [['test/noteboks'], /Did you mean .*test\/notebooks/],
    [['test/nn', 'test/browser'], /^the tests of test\/browser run by themselves/],
    [['--reporter', 'dott', 'test/nn'], /Did you mean dot\?$/],
    [['--bail', 'x'], /^--bail: expected a whole number from 1 on/],
    [['--grep', 'x'], /Did you mean --testNamePattern\?$/],
    [['-t'], /^-t needs a value/],
  ],
  start: [
    [['--prot', '9'], /^unknown option --prot\. Did you mean --port/],
    [['--port'], /^--port needs a value: a whole number from 1 to 65535\.$/],
    [['--port', 'abc'], /^--port: expected a whole number from 1 to 65535, got 'abc'\.$/],
    [['--port', '70000'], /^--port: expected a whole number from 1 to 65535/],
    [['--port', '0'], /^--port: expected a whole number from 1 to 65535/],
    [['--port', '9', '--port', '8'], /^--port is given twice\.$/],
    [['--no-browsr'], /Did you mean --no-browser/],
    [['--no-browser=yes'], /^--no-browser takes no value/],
    [['--no-port'], /Leave --port out instead\.$/],
    [['--ServerAp.token=x'], /Did you mean --ServerApp\.token\?$/],
    [['04-trian'], /Did you mean 04-train\?$/],
    [['04-train', '05-sample'], /^expected 1 NOTEBOOK, got 2/],
    [['--log-level', 'debug'], /Did you mean DEBUG\?$/],
  ],
  setup: [
    [['--forse'], /^unknown option --forse\. Known: --with, --help\.$/],
    [['gpu'], /^unexpected argument 'gpu'\. setup takes options only\.$/],
    [['--with', 'clusters'], /^--with: expected cluster, got 'clusters'\. Did you mean cluster\?$/],
  ],
  doctor: [
    [['--verbose'], /^unknown option --verbose\. Known: --report, --help\.$/],
    [['--hlep'], /Did you mean --help\?$/],
  ],
  'build-native': [
    [[], /^expected build-native, got nothing\.$/],
    [['build-nativ'], /Did you mean build-native\?$/],
    [['build-native', 'all'], /^expected 1 build-native, got 2/],
    [['build-native', '--plane'], /Did you mean --plain\?$/],
  ],
};

const ROWS = Object.entries(TABLE).flatMap(([command, rows]) =>
  rows.map(([argv, says]) => [command, argv, says] as const),
);

describe('a wrong command line', () => {
  it.each(ROWS)('%s %j', (command, argv, says) => {
    const { problems = [] } = ask(
      command,
      argv.map((word) => word.replace('<folder>', folder)),
    );
    expect(problems.join('\n')).toMatch(says);
    expect(problems.length).toBeLessThan(2);
  });

  it('is told with all that is wrong at once', () => {
    const { problems } = ask('train', ['--stepz', '5', '--recipe', 'bset', '--save-every', '0']);
    expect(problems).toEqual([
      'unknown option --stepz. Did you mean --steps?',
      "--recipe: expected one of fast, best, adamw, blog, flow, emoji, cifar10, got 'bset'. Did you mean best?",
      "--save-every: expected a whole number from 1 on, got '0'.",
    ]);
  });

  it.each([
    ['train', ['5'], { npm_config_steps: 'true' }, 'npm run train -- --steps …'],
    ['start', ['9999'], { npm_config_port: 'true' }, 'npm start -- --port …'],
    ['notebooks', [], { npm_config_html: '' }, 'npm run notebooks -- --no-html'],
    ['bench', [], { npm_config_quick: 'true' }, 'npm run bench -- --quick'],
    ['train', [], { npm_config_save_every: '3' }, 'npm run train -- --save-every …'],
  ])('%s %j with %j has lost its -- to npm', (command, argv, env, right) => {
    const { problems } = ask(command, argv, { ...env, npm_lifecycle_event: command });
    expect(problems).toEqual([expect.stringContaining(`write ${right}, with -- before`)]);
    // Where npm has nothing to do with it, and where the user's settings of npm name a browser.
    expect(ask('train', [], { npm_config_steps: 'true' }).problems).toBeUndefined();
    const own = { npm_lifecycle_event: 'start', npm_config_browser: 'firefox' };
    expect(ask('start', [], own).problems).toBeUndefined();
  });
});

describe('a right command line', () => {
  it.each([
    ['train', [], { recipe: 'fast', steps: undefined, 'save-every': 250, keep: [], set: [] }],
    ['train', ['--steps', '1e3', '--keep=0,5'], { steps: 1000, keep: [0, 5] }],
    ['train', ['--set', 'trainer.ema.decay=0.9'], { set: [[['trainer', 'ema', 'decay'], 0.9]] }],
    ['evaluate', ['--sanity', '--guidance', '1, 1.5,8'], { guidance: [1, 1.5, 8], seed: 0 }],
    [
      'evaluate',
      ['--sanity', '--config', '{"thresholding":true}'],
      { config: { thresholding: true } },
    ],
    [
      'bench',
      ['--only', 'compile,unet-64', '--quick'],
      { only: [['compile', 'unet-64']], quick: true, device: 'cpu', tf32: undefined },
    ],
    [
      'bench',
      ['--device', 'gpu', '--tf32=off', '--only', 'unet-512-bf16', '--only', 'unet-64'],
      { device: 'gpu', tf32: 'off', only: [['unet-512-bf16'], ['unet-64']] },
    ],
    [
      'notebooks',
      ['-p', 'a', '-1', '-p', 'b=x=y'],
      {
        parameter: [
          ['a', '-1'],
          ['b', 'x=y'],
        ],
      },
    ],
    ['start', ['--port', '9999', '--no-browser'], { port: 9999, 'no-browser': true }],
  ])('%s %j is understood', (command, argv, wanted) => {
    const { problems, values } = ask(command, argv);
    expect(problems).toBeUndefined();
    expect(values).toMatchObject(wanted);
  });

  it('goes on to JupyterLab and to vitest as it is', () => {
    const start = ask('start', [
      '--port=9',
      '--ServerApp.token=',
      '--LabApp.news_url',
      'x',
      '04-train',
    ]);
    expect(start.words).toEqual([path.join(root, 'notebooks', '04-train.ipynb')]);
    expect(start.rest).toEqual(['--ServerApp.token=', '--LabApp.news_url', 'x']);
    expect(givenOptions(all['start']!, start.values!)).toEqual(['--port=9']);
    const test = ask('test', ['test/nn', '-t', 'a b', '--sequence.shuffle', '--silent']);
    expect(test.words).toEqual(['test/nn']);
    expect(test.rest).toEqual(['--sequence.shuffle']);
    const given = ['--testNamePattern=a b', '--silent'];
    expect(givenOptions(all['test']!, test.values!)).toEqual(given);
  });
});

describe('help', () => {
  it.each(Object.keys(all))('of %s is given wherever it is asked for', (command) => {
    for (const asked of [
      ['--help'],
      ['-h'],
      ['x', '--help'],
      ['--foo', '3', '-h'],
      ['--', '--help'],
    ])
      expect(ask(command, asked)).toEqual({ help: true });
    const text = helpOf(all[command]!);
    for (const name of Object.keys((all[command] as { options: object }).options))
      expect(text).toContain(`--${name}`);
    expect(text).toContain('\nFor example: ');
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(125);
  });

  it('has an example that is right', () => {
    for (const [name, command] of Object.entries(all)) {
      const { example } = command as { example: string };
      const words = example.replace(/^.*?(npm (run )?[\w:-]+|npx [\w-]+)( -- | |$)/, '').split(' ');
      const { problems = [] } = ask(name, words.filter(Boolean));
      // Of runs that are not there.
      const wrong = problems.filter((problem) => !problem.includes('There is no folder'));
      expect(wrong, example).toEqual([]);
    }
  });
});

it('the names are those of lib', () => {
  expect(names.RECIPES).toEqual(Object.keys(RECIPES));
  expect(names.SCHEDULERS).toEqual([...SAMPLER_NAMES, ...FLOW_SAMPLER_NAMES]);
  expect(names.WEIGHT_FORMATS).toEqual(WEIGHT_FORMATS);
  expect(names.MIXED_PRECISIONS.map((name) => MIXED_PRECISION_RULE[1](name))).toEqual([
    true,
    true,
    true,
  ]);
  const recipes = Object.entries<AnyRecipe>(RECIPES);
  const shipping = recipes.filter(([, { data = 'mnist' }]) => data !== 'cifar10');
  expect(names.SHIPPING_RECIPES).toEqual(shipping.map(([name]) => name));
});
