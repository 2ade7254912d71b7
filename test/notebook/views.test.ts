import ndarray from 'ndarray';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import * as sd from '../../lib/notebook';

type Bundle = Record<string, string>;
const display = async (value: unknown): Promise<Bundle> => {
  const show = (value as Record<symbol, (() => unknown) | undefined>)[
    Symbol.for('Jupyter.display')
  ];
  if (show) return (await show.call(value)) as Bundle;
  const view = (globalThis as Record<symbol, unknown>)[Symbol.for('kernel.view')];
  return (await (view as (value: unknown) => unknown)(value)) as Bundle;
};
const pictures = (bundle: Bundle) =>
  bundle['text/html']?.match(/<img alt="[^"]+" src="data:/g) ?? [];
const stream = () => new sd.Generator(0).stream('init');

describe('a tensor', () => {
  it('tells shape, type and range, and its numbers if they are few', async () => {
    const tensor = sd.tf.tensor1d([1, 2, 6]);
    const text = (await display(tensor))['text/plain'];
    expect(text).toMatch(/shape +\[3\]/);
    expect(text).toMatch(/minimum +1\n/);
    expect(text).toMatch(/maximum +6\n/);
    expect(text).toMatch(/mean +3\n/);
    expect(text).toContain('tensor([1., 2., 6.], shape=[3], dtype=float32)');
    tensor.dispose();
    expect((await display(tensor))['text/plain']).toContain('Tensor, disposed');
  });

  it('has a picture, too, if it is laid out as images are', async () => {
    const shapes: [number, number[]][] = [
      ...[[1, [20, 8, 8, 1]], [1, [1, 28, 28, 3]], [0, [20, 8]], [0, [3, 3, 1, 32]]], // prettier-ignore
      ...[[0, [10, 28, 28]], [0, [2, 28, 28, 2]], [0, [0, 28, 28, 1]], [0, [2, 4, 4, 1]]], // prettier-ignore
    ] as [number, number[]][];
    for (const [count, shape] of shapes) {
      const tensor = sd.tf.zeros(shape);
      expect(pictures(await display(tensor))).toHaveLength(count);
      tensor.dispose();
    }
    const nan = sd.tf.fill([1, 8, 8, 1], NaN);
    expect(pictures(await display(nan))).toHaveLength(0);
    expect((await display(nan))['text/plain']).toMatch(/NaN +64/);
    nan.dispose();
  });

  it('is printed with its values, alone and in other objects', () => {
    const [matrix, flags, texts] = [sd.tf.tensor2d([[1, 2.5]]), sd.tf.tensor1d([true]), sd.tf.tensor1d(['a'])]; // prettier-ignore
    expect(inspect(matrix)).toBe('tensor([[1.0000, 2.5000]], shape=[1, 2], dtype=float32)');
    expect(inspect(flags)).toBe('tensor([true], shape=[1], dtype=bool)');
    expect(inspect(texts)).toBe('tensor(["a"], shape=[1], dtype=string)');
    expect(inspect({ a: matrix })).toContain('a: tensor([[1.0000, 2.5000]]');
    const large = sd.tf.zeros([40, 50]);
    expect(inspect(large)).toContain('[0., 0., 0.,  ..., 0., 0., 0.],\n        ...,');
    expect(inspect([large])).toBe('[ tensor(..., shape=[40, 50], dtype=float32) ]');
    const variable = sd.tf.variable(matrix);
    expect(inspect(variable)).toBe(inspect(matrix));
    sd.tf.dispose([matrix, flags, texts, large, variable]);
    expect(inspect(matrix)).toBe('tensor(disposed, shape=[1, 2], dtype=float32)');
  });
});

describe('a weight is numbers, not a picture', () => {
  it('of a state dict', async () => {
    const model = new sd.CLIPTextModel(sd.SMALL_TEXT_CONFIG, stream());
    const [, weight] = [...sd.stateDict(model)].find(([, { shape }]) => shape.length === 2)!;
    const bundle = await display(weight);
    expect(pictures(bundle)).toHaveLength(0);
    expect(bundle['text/plain']).toMatch(/^Weight\n/);
    expect(bundle['text/plain']).toContain(`shape=[${weight.shape.join(', ')}], dtype=float32`);
    expect(bundle['text/plain']).toContain('...');
    model.dispose();
  });

  it.each<[string, string, Uint8Array, string]>([
    ['F32', 'F32', new Uint8Array(Float32Array.of(1.5, -2).buffer), '[ 1.5000, -2.0000]'],
    ['F16', 'F16', Uint8Array.of(0, 0x3c, 0, 0xc0), '[ 1., -2.]'],
    ['BF16', 'BF16', Uint8Array.of(0x80, 0x3f, 0, 0xc0), '[ 1., -2.]'],
    ['I64', 'I64', new Uint8Array(BigInt64Array.of(5n, -6n).buffer), '[ 5, -6]'],
    ['I8', 'I8', Uint8Array.of(1, 255), '[ 1, -1]'],
    ['BOOL', 'BOOL', Uint8Array.of(1, 0), '[ true, false]'],
    ['a type without numbers here', 'F8_E4M3', Uint8Array.of(1, 0), 'tensor(..., '],
  ])('of a safetensors file: %s', async (_, dtype, data, values) => {
    const text = (await display({ dtype, shape: [2], data }))['text/plain'];
    expect(text).toContain(values);
    expect(text).toContain(`shape=[2], dtype=${dtype}`);
  });

  it('in the shape of images', async () => {
    const bundle = await display({ shape: [4, 16, 16, 1], data: new Float32Array(1024) });
    expect(pictures(bundle)).toHaveLength(0);
  });
});

describe('an ndarray is images, or numbers and a line', () => {
  it.each<[string, Parameters<typeof ndarray>[0], number[]]>([
    ['floats', new Float32Array(2 * 64), [2, 8, 8, 1]],
    ['floats from -1 to 1', Float32Array.from({ length: 64 }, (_, i) => i / 32 - 1), [1, 8, 8, 1]],
    ['floats beyond', Float32Array.from({ length: 64 }, (_, i) => i), [1, 8, 8, 1]],
    ['bytes', new Uint8Array(2 * 64), [2, 8, 8]],
    ['one image', new Float32Array(64), [8, 8, 1]],
    ['one image of bytes in colour', new Uint8Array(3 * 64), [8, 8, 3]],
    ['an image in a batch', new Float32Array(784), [1, 28, 28]],
  ])('%s', async (_, data, shape) => {
    const bundle = await display(ndarray(data, shape));
    expect(pictures(bundle)).toHaveLength(1);
    expect(bundle['text/plain']).not.toContain('No picture');
  });

  it('a picked one, and a transposed one', async () => {
    const images = ndarray(new Float32Array(3 * 64), [3, 8, 8, 1]);
    expect(pictures(await display(images.pick(1)))).toHaveLength(1);
    expect(pictures(await display(images.transpose(0, 2, 1, 3)))).toHaveLength(1);
    expect(pictures(await display(images.pick(null, null, null, 0)))).toHaveLength(1);
  });

  it.each<[string, Parameters<typeof ndarray>[0], number[], string]>([
    ['small', new Float32Array(16).fill(5), [1, 4, 4], 'smaller than 8 × 8 pixels'],
    ['all NaN', new Float32Array(64).fill(NaN), [1, 8, 8, 1], 'no pixel is a number'],
    [
      'one NaN',
      new Float32Array(64).fill(NaN, 3, 4),
      [1, 8, 8, 1],
      'expected numbers, got NaN at index 3',
    ],
    [
      'two channels',
      new Float32Array(128),
      [1, 8, 8, 2],
      'images have 1, 3 or 4 channels, this has 2',
    ],
    [
      'integers',
      new Int32Array(64),
      [1, 8, 8, 1],
      'pixels are bytes (Uint8Array) or floats, these are int32',
    ],
    ['none', new Float32Array(0), [0, 28, 28], 'there is no pixel in it'],
    ['large', new Uint8Array(600 * 600), [1, 600, 600], 'larger than 512 × 512 pixels'],
  ])('%s', async (_, data, shape, reason) => {
    const bundle = await display(ndarray(data, shape));
    expect(pictures(bundle)).toHaveLength(0);
    expect(bundle['text/plain']?.toLowerCase()).toContain(`\nno picture: ${reason.toLowerCase()}`);
    expect(bundle['text/html']).toContain('No picture: ');
  });

  it('a vector or a matrix is numbers alone', async () => {
    const text = (await display(ndarray([1, 2, 3, 4], [2, 2]).transpose(1, 0)))['text/plain'];
    expect(text).toContain('[[1., 3.],\n        [2., 4.]]');
    expect(text).not.toContain('No picture');
  });
});

describe('parts have a short view', () => {
  const text = async (value: unknown) => (await display(value))['text/plain'] ?? '';
  const tokenizer = sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER);
  const dataset = sd.loadMnist({ split: 'train', source: 'quick' });
  const unetConfig = { ...sd.BLOG_UNET_CONFIG };

  it('a pipeline, an objective, a trainer, its optimizer and EMA', async () => {
    const init = stream();
    const unet = new sd.UNet2DConditionModel(unetConfig, init);
    const textEncoder = new sd.CLIPTextModel(sd.SMALL_TEXT_CONFIG, init);
    const scheduler = new sd.EulerDiscreteScheduler({});
    const pipeline = new sd.TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler });
    expect(await text(pipeline)).toMatch(/^TextToImagePipeline\n/);
    expect(await text(pipeline)).toMatch(/unet +UNet2DConditionModel \(3,140,385 parameters\)/);
    expect(await text(pipeline)).toMatch(/scheduler +EulerDiscreteScheduler/);
    for (const Class of [sd.ImageToImagePipeline, sd.InpaintPipeline]) {
      const shared = Class.fromPipe(pipeline);
      expect((await text(shared)).split('\n')[0]).toBe(Class.name);
      expect(await text(shared)).toMatch(/unet +UNet2DConditionModel \(3,140,385 parameters\)/);
      expect(inspect({ shared })).toBe(`{ shared: [${Class.name}] }`);
    }
    const noiseScheduler = new sd.DDPMScheduler({});
    const parts = { unet, textEncoder, tokenizer, noiseScheduler, dataset };
    const objective = new sd.TextToImageObjective(parts, { captionDropout: 0.1 });
    expect(await text(objective)).toMatch(/captionDropout +0.1/);
    expect(await text(objective)).toMatch(/timestepBiasStrategy +none$/m);
    expect(await text(objective)).not.toMatch(/timestepBiasMultiplier/);
    const biased = { timestepBiasStrategy: 'later', timestepBiasMultiplier: 6 } as const;
    const later = new sd.TextToImageObjective(parts, biased);
    expect(await text(later)).toMatch(/timestepBiasMultiplier +6\n/);
    later.dispose();
    const options = { batchSize: 64, learningRate: 1e-3, seed: 1, ema: { decay: 0.99 } };
    const trainer = new sd.Trainer(objective, options);
    expect(await text(trainer)).toMatch(/^Trainer\n[^]*step +0\n[^]*learning rate +0.001\n/);
    expect(await text(trainer.optimizer)).toMatch(/^AdamW\n[^]*lr +0.001\nbetas +\[0.9, 0.999\]/);
    expect(await text(trainer.ema)).toMatch(/^EMAModel\n[^]*decay +0.99\n/);
    for (const value of [pipeline, objective, trainer, trainer.optimizer, trainer.ema, unet]) {
      expect(inspect(value).split('\n').length).toBeLessThan(20);
      expect(inspect({ value })).toBe(`{ value: [${value!.constructor.name}] }`);
    }
    sd.addAdapter(unet, { r: 4, targetModules: ['to_q', 'to_k', 'to_v', 'to_out.0'] }, 'hand');
    const adapter = new sd.AdapterObjective(objective, 'hand');
    expect(await text(adapter)).toMatch(
      /^AdapterObjective\n[^]*adapter +hand\n[^]*trained parameters +82,688\nobjective +TextToImageObjective/,
    );
    trainer.dispose();
    unet.dispose();
    textEncoder.dispose();
  });

  it('a tokenizer, a loader', async () => {
    expect(await text(tokenizer)).toMatch(/^CLIPTokenizer\n[^]*modelMaxLength +\d+\n/);
    const loader = new sd.DataLoader(dataset, { batchSize: 64, seed: 1 });
    expect(await text(loader)).toMatch(/^DataLoader\n[^]*batch size +64\nbatches an epoch +156\n/);
  });

  it('an empty data set', async () => {
    const empty = { images: ndarray(new Uint8Array(0), [0, 28, 28]), length: 0, captionIds: new Int32Array(0), captions: ['a'] }; // prettier-ignore
    expect(await text(empty)).toMatch(/^Images with captions, none\n[^]*images +0\n/);
    const loader = new sd.DataLoader(empty, { batchSize: 4, seed: 1, shuffle: false });
    expect(await text(loader)).toMatch(/batches an epoch +0/);
  });

  it('a history of 130,000 steps', async () => {
    const steps = Array.from({ length: 130_000 }, (_, i) => ({ step: i + 1, loss: 1 / (i + 1), learningRate: 1e-3 })); // prettier-ignore
    const bundle = await display({ steps, skipped: [], stopped: false });
    expect(bundle['text/plain']).toMatch(/steps +130,000/);
    expect(pictures(bundle)).toHaveLength(1);
  });

  it('the library itself', async () => {
    const library = { ...sd, __esModule: true }; // as a cell's import gives it
    expect(await text(library)).toMatch(/classes: [^\n]*UNet2DConditionModel/);
    expect(await text(library)).toMatch(/functions: [^\n]*imageGrid/);
  });
});

describe('no view throws', () => {
  const throwing = (key: string) =>
    Object.defineProperty({ b: 1 }, key, {
      enumerable: true,
      get: () => {
        throw new Error('not now');
      },
    });
  const circle: Record<string, unknown> = { images: { shape: [1, 8, 8], data: [] } };
  circle.self = circle;
  it.each<[string, object]>([
    ['a getter that throws', throwing('a')],
    ['a getter of images that throws', throwing('images')],
    ['a circle', circle],
    ['a proxy', new Proxy({}, { has: () => { throw new Error('trap'); } })], // prettier-ignore
    ['a revoked proxy', (() => { const p = Proxy.revocable({}, {}); p.revoke(); return p.proxy; })()], // prettier-ignore
    ['images that are too few', { images: { shape: [4, 28, 28], data: new Uint8Array(3) } }],
    ['a history of others', { steps: [null, 1], stopped: false }],
    ['a data set of nonsense', { images: { shape: [], data: new Uint8Array(0) }, length: 3, labels: [1] }], // prettier-ignore
    ['a scheduler of nonsense', { config: {}, timesteps: [], alphasCumprod: [7], stepCoefficients: 1 }], // prettier-ignore
    ['a weight of too few numbers', { shape: [2, 2], data: new Float32Array(3) }],
    ['no prototype', Object.create(null) as object],
    ['a frozen array', Object.freeze([1])],
    ['a map', new Map([[1, 2]])],
    ['a function with fields', Object.assign(() => 1, { data: 1, shape: 2 })],
  ])('%s', async (_, value) => {
    const view = (globalThis as Record<symbol, unknown>)[Symbol.for('kernel.view')];
    const bundle = await (view as (value: unknown) => Promise<Bundle | undefined>)(value);
    if (bundle) expect(bundle['text/plain']?.length).toBeGreaterThan(0);
  });

  it('what fails is printed with the reason', async () => {
    const text = (await display({ steps: [null, 1], stopped: false }))['text/plain'];
    expect(text).toMatch(/^\{ steps: \[ null, 1 \], stopped: false \}\nNo view of it: .+\.$/);
  });
});

describe('a model', () => {
  let html: string;
  beforeAll(async () => {
    const model = new sd.CLIPTextModel(sd.SMALL_TEXT_CONFIG, stream());
    html = (await display(model))['text/html'] ?? '';
    expect(html).toContain(sd.numParameters(model).toLocaleString('en-US'));
  });

  it('has its config and a table of its parameters that fold', () => {
    expect(html).toContain('<summary>config</summary>');
    expect(html).toContain('<td style="text-align:left">num_hidden_layers</td>');
    // folded along the names, with the sum of each part
    expect(html).toMatch(/<summary>encoder\.layers: [\d,]+<\/summary>/);
    expect(html.match(/<details/g)?.length).toBeGreaterThan(10);
  });
});

describe('other values', () => {
  it('a scheduler shows its curve', async () => {
    const bundle = await display(new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG));
    expect(bundle['text/plain']).toContain('DDPMScheduler');
    expect(pictures(bundle)).toHaveLength(1);
  });

  it.each(['DDPM', 'DDIM', 'DPMSolverMultistep', 'EulerDiscrete', 'HeunDiscrete'] as const)(
    'a scheduler of kind %s shows its curve, class and config',
    async (kind) => {
      const scheduler = new sd[`${kind}Scheduler`]({ num_train_timesteps: 20 });
      scheduler.setTimesteps(4);
      const bundle = await display(scheduler);
      expect(bundle['text/plain']).toContain(`${kind}Scheduler`);
      expect(bundle['text/plain']).toMatch(
        new RegExp(`sampling steps +${scheduler.timesteps.length}`),
      );
      expect(bundle['text/html']).toMatch(/num_train_timesteps<\/td><td[^>]*>20</);
      expect(pictures(bundle)).toHaveLength(1);
    },
  );

  it('a scheduler of another class, known by the interface, shows its curve', async () => {
    const { config, timesteps, alphasCumprod } = new sd.DDPMScheduler({ num_train_timesteps: 20 });
    class Own {
      readonly [key: string]: unknown;
      readonly config = config;
      readonly timesteps = timesteps;
      readonly alphasCumprod = alphasCumprod;
      stepCoefficients() {}
    }
    const bundle = await display(new Own());
    expect(bundle['text/plain']).toContain('Own');
    expect(pictures(bundle)).toHaveLength(1);
  });

  it('a config is a table', async () => {
    const bundle = await display({ seed: 42, scales: [1, 2] });
    expect(bundle['text/plain']).toMatch(/scales +\[1, 2\]/);
    expect(bundle['text/html']).toContain('<table ');
  });

  it('a data set shows images and labels, a batch of images itself', async () => {
    const dataset = sd.loadMnist({ split: 'train', source: 'quick' });
    const bundle = await display(dataset);
    expect(pictures(bundle)).toHaveLength(1);
    expect(bundle['text/plain']).toMatch(/images +10,000/);
    expect(pictures(await display(dataset.images))).toHaveLength(1);
  });

  it('a data set shows the caption of each image', async () => {
    const dataset = {
      images: { data: new Uint8Array(3 * 64), shape: [3, 8, 8] },
      captionIds: Int32Array.of(1, 0, 1),
      captions: ['a cat', 'a <b>dog</b>'],
      length: 3,
    };
    const bundle = await display(dataset);
    expect(bundle['text/html']).toContain(
      'a &lt;b&gt;dog&lt;/b&gt; | a cat | a &lt;b&gt;dog&lt;/b&gt;',
    );
    expect(bundle['text/plain']).toMatch(/captions +2/);
    expect(bundle['text/plain']).not.toContain('labels');
    const digits = await display(sd.loadMnist({ split: 'train', source: 'quick' }));
    expect(digits['text/html']?.match(/handwritten digit/g)?.length).toBeGreaterThanOrEqual(16);
    expect(digits['text/plain']).toMatch(/labels +\[\d(, \d){15}\]/);
  });

  it('images with labels alone show those', async () => {
    const images = { data: new Uint8Array(2 * 64), shape: [2, 8, 8] };
    const bundle = await display({ images, labels: Uint8Array.of(7, 3), length: 2 });
    expect(bundle['text/html']).toContain('7 | 3');
  });

  it('a history shows its curve', async () => {
    const steps = [{ step: 1, loss: 0.5 }];
    const bundle = await display({ steps, stopped: true });
    expect(bundle['text/plain']).toMatch(/stopped +true/);
    expect(pictures(bundle)).toHaveLength(1);
  });

  it('what is not ours is left to be printed', async () => {
    for (const value of [3, 'text', {}, { a: { b: 1 } }, new Map(), [1, 2], null]) {
      expect(await Promise.resolve(display(value ?? 0))).toBeUndefined();
    }
  });
});

describe('weights by name, a scheduler of flow matching, and a judge', () => {
  const text = async (value: unknown) => (await display(value))['text/plain'];

  it('have a view without the numbers', async () => {
    const weights = new Map([
      ['a.weight', { shape: [2, 3], data: new Float32Array(6) }],
      ['a.bias', { shape: [4], data: new Float32Array(4) }],
    ]);
    expect(await text(weights)).toMatch(/^State dict\n[^]*weights +2\nnumbers +10$/);
    expect((await display(weights))['text/html']).toContain('[2, 3]');
    const file = sd.readSafetensors(`${sd.SHIPPED_MODEL}/unet/diffusion_pytorch_model.safetensors`);
    expect(await text(file)).toMatch(/^Safetensors file\n[^]*numbers +3,140,385$/);
    const flow = new sd.FlowMatchEulerDiscreteScheduler({ shift: 3 });
    expect(await text(flow)).toMatch(
      /^FlowMatchEulerDiscreteScheduler\n[^]*sampling steps +1,000\n/,
    );
    expect((await display(flow))['text/html']).toContain('shift');
    const judge = sd.Judge.load(sd.SHIPPED_JUDGE);
    expect(await text(judge)).toMatch(/^Judge\n[^]*testAccuracy +0\.99/);
    judge.dispose();
  });
});
