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
    expect(text).toMatch(/values +\[1, 2, 6\]/);
    tensor.dispose();
    expect((await display(tensor))['text/plain']).toContain('Tensor, disposed');
  });

  it('is a picture if it has the shape of one', async () => {
    const tensor = sd.tf.zeros([20, 8, 8, 1]);
    expect(pictures(await display(tensor))).toHaveLength(1);
    const flat = sd.tf.zeros([20, 8]);
    expect(pictures(await display(flat))).toHaveLength(1);
    const narrow = sd.tf.zeros([20, 4]);
    expect(pictures(await display(narrow))).toHaveLength(0);
    sd.tf.dispose([tensor, flat, narrow]);
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
