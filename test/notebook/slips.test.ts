/** What newcomers get wrong says what was expected; no message is JavaScript's own. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as sd from '../../lib/notebook';
import { tf } from '../../lib/backend';
import { root } from '../support/script';

const none = undefined as never;
/** As a variable of any type, whose keys TypeScript does not check. */
const options = (given: object) => given as never;
const parameters = new Map<string, tf.Variable>();
const folder = join(root, 'checkpoints', 'mnist-text-to-image');

const slips: [name: string, call: () => unknown, message: string][] = [
  ['bar()', () => sd.bar(none), 'bar: expected numbers, in a list or by name, got undefined'],
  [
    'TrainingView([])',
    () => new sd.TrainingView([] as never),
    'expected a function that gives the history',
  ],
  [
    'randn([-1])',
    () => sd.randn([-1], [1, 2] as never),
    'Expected a shape, such as [2, 3], got [-1]',
  ],
  ['randn([1.5])', () => sd.randn([1.5], [1, 2] as never), 'Expected a shape, such as [2, 3]'],
  [
    'modelFolder of nothing',
    () => sd.modelFolder('nope'),
    "expected 'shipped', 'shipped-emoji' or ",
  ],
  [
    'a scale of 100,000',
    () => sd.imagesToGrid({ data: new Float32Array(784), shape: [1, 28, 28, 1] }, { scale: 1e5 }),
    'Expected a picture of at most 100 million pixels, got 2800004 × 2800004',
  ],
  ['bar(null)', () => sd.bar(null as never), 'bar: expected numbers'],
  ['bars of texts', () => sd.bar(['a', 'b'] as never), "got 'a' at index 0"],
  ['too few labels', () => sd.bar(['a'], [1, 2]), 'expected a label for each bar'],
  ['a title of 5', () => sd.bar([1], options({ title: 5 })), 'title: expected a text, got 5'],
  ['titel', () => sd.linePlot([1], options({ titel: 'x' })), 'titel: unknown option (known: title'],
  ['linePlot()', () => sd.linePlot(none), 'linePlot: expected a list of numbers, or lists by name'],
  ['linePlot of a text', () => sd.linePlot('abc' as never), 'got "abc"'],
  ['a line of 5', () => sd.linePlot({ loss: 5 } as never), 'linePlot: expected loss as numbers'],
  [
    'yRange of one',
    () => sd.linePlot([1], options({ yRange: [1] })),
    'yRange: expected two numbers',
  ],
  ['options of null', () => sd.linePlot([1], null as never), 'expected options as a record'],
  [
    'scatter without y',
    () => sd.scatter([1], none),
    'Expected y as a list of numbers, got undefined',
  ],
  ['heatmap()', () => sd.heatmap(none), 'Expected values as rows of numbers, got undefined'],
  ['heatmap x', () => sd.heatmap([[1]], options({ x: ['a'] })), 'x: unknown option'],
  [
    'too few rows',
    () => sd.heatmap([[1]], { rows: ['a', 'b'] }),
    'expected 1 names of rows, got 2',
  ],
  ['histogram()', () => sd.histogram(none), 'histogram: expected a list of numbers'],
  [
    'bins of none',
    () => sd.histogram([1], { bins: -1 }),
    'bins: expected how many, from 1 to 10000',
  ],
  ['a histogram of a date', () => sd.histogram(new Date() as never), 'got a Date'],
  ['imageGrid()', () => sd.imageGrid(none), 'Expected images: a batch with data and shape'],
  ['colums', () => sd.imageGrid(tf.zeros([1, 8, 8, 1]), options({ colums: 2 })), 'colums: unknown'],
  ['columns of 0', () => sd.imageGrid(tf.zeros([1, 8, 8, 1]), { columns: 0 }), 'columns: expected'],
  [
    'a huge figure',
    () => new sd.Figure([], { width: 1e6, height: 1e6 }),
    'at most 250 million pixels',
  ],
  ['noiseSchedule()', () => sd.noiseSchedule(none), 'noiseSchedule: expected a list of ᾱ'],
  ['lossCurve()', () => sd.lossCurve(none), "lossCurve: expected a training's history"],
  ['table()', () => sd.table(none), 'table: expected rows, a list or an object'],
  ['a table of a tensor', () => sd.table(tf.zeros([2])), 'table(tensor.arraySync())'],
  ['progress(3.5)', () => sd.progress(3.5), 'progress: expected a whole number'],
  [
    'progress(null)',
    () => sd.progress(null as never),
    'progress: expected a whole number or something',
  ],
  ['desc', () => sd.progress([1], options({ desc: 'x' })), 'desc: unknown option'],
  ['form()', () => sd.form(none), 'form: expected settings by name'],
  ['a form of null', () => sd.form({ lr: null as never }), 'form: expected lr as a text'],
  ['interact()', () => sd.interact(none, none), 'interact: expected a form and a function'],
  [
    'liveFigure()',
    () => sd.liveFigure(none),
    'liveFigure: expected a function that makes a figure',
  ],
  ['watchTraining()', () => sd.watchTraining(none), "watchTraining: expected a run's folder"],
  [
    'a pipeline of none',
    () => sd.TextToImagePipeline.fromPretrained(none),
    'expected a folder, or a model',
  ],
  [
    'a pipeline of 5',
    () => sd.TextToImagePipeline.fromPretrained(5 as never),
    'expected a folder, or a model',
  ],
  [
    'revison',
    () => sd.TextToImagePipeline.fromPretrained(folder, options({ revison: 'x' })),
    'revison: unknown option (known: variant)',
  ],
  [
    'a UNet of none',
    () => sd.UNet2DConditionModel.fromPretrained(none),
    'expected a folder, or a model',
  ],
  ['a judge of none', () => sd.Judge.load(none), "Judge.load: expected a judge's folder"],
  ['loadMnist()', () => sd.loadMnist(none), 'loadMnist: expected options such as'],
  ['loadDataset()', () => sd.loadDataset(none, none), "loadDataset: expected a data set's id"],
  ['loadImageFolder()', () => sd.loadImageFolder(none, none), 'loadImageFolder: expected a folder'],
  [
    'no options',
    () => sd.loadImageFolder('data', none),
    'loadImageFolder: expected options such as',
  ],
  [
    'DataLoader([])',
    () => new sd.DataLoader([] as never, options({})),
    'DataLoader: expected a data set',
  ],
  ['DataLoader()', () => new sd.DataLoader(none, none), 'DataLoader: expected a data set'],
  ['EMAModel(unet)', () => new sd.EMAModel({} as never), 'EMAModel: expected variables by name'],
  ['AdamW(unet)', () => new sd.AdamW({} as never), 'AdamW: expected variables by name'],
  [
    'learning_rate',
    () => new sd.AdamW(parameters, options({ learning_rate: 1 })),
    'learning_rate: unknown option (known: lr, betas, eps, weightDecay, lrScales)',
  ],
  ['randn([2])', () => sd.randn([2], none), 'Expected a random key'],
  [
    'randn(2, 3)',
    () => sd.randn(2 as never, 3 as never),
    'Expected a shape, such as [2, 3], got 2',
  ],
  ['evaluate()', () => sd.evaluate(none, none), 'evaluate: expected { pipeline, judge, test }'],
  ['evaluate({})', () => sd.evaluate(options({}), none), 'got none of pipeline, judge, test'],
  ['drawDigits()', () => sd.drawDigits(none, none), 'drawDigits: expected a TextToImagePipeline'],
  ['trainJudge()', () => sd.trainJudge(none), 'trainJudge: expected { train, test }'],
  ['listRuns(5)', () => sd.listRuns(5 as never), 'listRuns: expected a list of folders'],
  ['a scheduler of 5', () => new sd.DDPMScheduler(5 as never), 'DDPMScheduler: expected a config'],
  [
    'addNoise()',
    () => new sd.DDPMScheduler().addNoise(none, none, none),
    'addNoise: expected samples as a tensor',
  ],
  ['Trainer()', () => new sd.Trainer(none, none), 'Trainer: expected an objective'],
  [
    'an objective of none',
    () => new sd.TextToImageObjective(none),
    'TextToImageObjective: expected { unet',
  ],
  [
    'an objective of a UNet',
    () => new sd.TextToImageObjective(options({ unet: 1 })),
    'got none of textEncoder',
  ],
  [
    'a UNet by no config',
    () => new sd.UNet2DConditionModel(none, none),
    "expected a config with diffusers' keys",
  ],
  [
    'a UNet without a stream',
    () => new sd.UNet2DConditionModel({}, none),
    'expected a stream of random numbers',
  ],
  [
    'a text model of none',
    () => new sd.CLIPTextModel(none, none),
    "expected a config with diffusers' keys",
  ],
  [
    'fromPipe()',
    () => sd.ImageToImagePipeline.fromPipe(none),
    'fromPipe: expected a TextToImagePipeline',
  ],
  [
    'an inpainting of none',
    () => sd.InpaintPipeline.fromPipe(none),
    'fromPipe: expected a TextToImagePipeline',
  ],
  ['Compose()', () => new sd.Compose(none), 'Compose: expected a list of transforms'],
];

const ownOfJavaScript =
  /Cannot (read|destructure|convert|use|set)|is not (a function|iterable|defined|an object)|"paths\[\d\]"|ERR_/;

it.each(slips)('%s', async (_, call, message) => {
  const before = tf.memory().numTensors;
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (thrown: unknown) => thrown as Error,
    );
  expect(error?.message).toContain(message);
  expect(error?.message).not.toMatch(ownOfJavaScript);
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(1); // the one that it was called with
});

it('takes what it can mean', () => {
  const alt = (figure: sd.Figure) => figure.alt;
  expect(alt(sd.bar(['a', 'b'], [1, 2]))).toBe('a 1, b 2.');
  expect(alt(sd.bar(new Map([['a', 1]])))).toBe('a 1.');
  expect(alt(sd.bar({ a: 1, b: 2 }))).toBe('a 1, b 2.');
  expect(alt(sd.histogram(new Set([1, 2])))).toMatch(/^count; 2 values in 10 bins/);
  expect(alt(sd.linePlot(new Map([['loss', [3, 1]]])))).toBe('loss from 3 at 0 to 1 at 1.');
  const [tensor, bytes] = [tf.ones([2, 8, 8, 1]), new Uint8Array(128).fill(255)];
  const of = (images: Parameters<typeof sd.imageGrid>[0]) => sd.imageGrid(images).layout.images;
  expect(of(tensor)).toEqual(of({ data: bytes, shape: [2, 8, 8, 1] }));
  tensor.dispose();
});
