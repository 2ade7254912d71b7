import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { AdamW, type AdamWOptions } from '../../lib/optim/adamw';
import { loadGolden } from '../support/golden';

const golden = loadGolden('adamw');
const goldenTensor = (name: string) => tf.tensor(golden.get(name)!.data, golden.get(name)!.shape);

const owned: { dispose(): void }[] = [];
afterEach(() => owned.splice(0).forEach((thing) => thing.dispose()));

/** One parameter `w` with the reference's start value, and its optimizer. */
function optimize(options?: AdamWOptions, start = goldenTensor('in.param')) {
  const w = tf.variable(start, false);
  const optimizer = new AdamW(new Map([['w', w]]), options);
  owned.push(w, optimizer);
  return { w, optimizer };
}

const RUNS: [string, AdamWOptions][] = [
  ['blog', { lr: 1e-3 }],
  ['wd0', { lr: 3e-4, weightDecay: 0, betas: [0.95, 0.999], eps: 1e-6 }],
];

describe.each(RUNS)('%s', (run, options) => {
  it("moves as torch's for 20 steps", () => {
    const { w, optimizer } = optimize(options);
    for (let i = 0; i < 20; i++) {
      optimizer.step(new Map([['w', goldenTensor(`in.grad.${i}`)]]));
      const expected = golden.get(`out.${run}.${i + 1}`);
      if (expected) expect(w.dataSync(), `step ${i + 1}`).toBeCloseToMax(expected.data, 1e-6);
    }
  });
});

it('takes undefined for the default, option by option', () => {
  const { options: defaults, lr } = optimize().optimizer;
  expect({ ...defaults, lr }).toEqual({
    lr: 1e-3,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weightDecay: 0.01,
    lrScales: {},
  });
  for (const name of ['lr', 'betas', 'eps', 'weightDecay', 'lrScales']) {
    const { optimizer } = optimize({ [name]: undefined });
    expect([optimizer.options, optimizer.lr], name).toEqual([defaults, lr]);
  }
});

it('stays with torch over 3,000 steps with a falling learning rate', () => {
  const { w, optimizer } = optimize({ lr: 1e-2, weightDecay: 0.1 }, tf.linspace(-1, 1, 6));
  const scale = tf.tensor1d([1, 1e-3, 1e-6, 10, 0.1, 0]);
  for (let i = 0; i < 3000; i++) {
    optimizer.lr = 1e-2 * (1 - i / 3000);
    tf.tidy(() =>
      optimizer.step({
        w: w
          .mul(3)
          .add(i * 0.01)
          .sin()
          .mul(scale),
      }),
    );
  }
  // torch 2.13.0: AdamW([w], lr=1e-2, weight_decay=.1), lr and w.grad set as above before each step
  const state = optimizer.stateDict();
  expect(w.dataSync()).toBeCloseToMax(
    [-7.751214981, -7.908128262, -8.464812279, -8.657651901, -7.483551025, 0.2229071409],
    1e-4,
  );
  expect([...state.get('step')!.data]).toEqual([3000]);
  expect(state.get('exp_avg.w')!.data).toBeCloseToMax(
    [0.3534437418, -0.0001077773413, -9.734432069e-7, -7.026007175, 0.0915544629, 0],
    1e-3,
  );
});

it('corrects the bias of the first steps to 1e-6', () => {
  // With one gradient g in all steps the corrected means are g and g², so w moves by lr · g / (|g| + eps).
  const { w, optimizer } = optimize({ lr: 1, weightDecay: 0, eps: 0 }, tf.zeros([1]));
  for (let i = 1; i <= 5; i++) {
    optimizer.step({ w: tf.ones([1]) });
    expect(Math.abs(w.dataSync()[0]! / -i - 1)).toBeLessThan(1e-6);
  }
});

it('changes nothing with a learning rate of 0, nor with gradients of 0', () => {
  const { w, optimizer } = optimize({ lr: 0 });
  optimizer.step({ w: tf.zeros([7, 5]) });
  expect([...w.dataSync()]).toEqual([...golden.get('in.param')!.data]);
});

it('takes betas of 0', () => {
  const { w, optimizer } = optimize({ betas: [0, 0], lr: 1, weightDecay: 0 }, tf.zeros([2]));
  optimizer.step({ w: tf.tensor1d([4, -0.5]) });
  expect(w.dataSync()).toBeCloseToMax([-1, 1], 1e-6);
});

it('goes on from a saved state as if never stopped', () => {
  const whole = optimize({ lr: 1e-3 });
  const first = optimize({ lr: 1e-3 });
  const step = (run: typeof whole, i: number) =>
    run.optimizer.step({ w: goldenTensor(`in.grad.${i}`) });
  for (let i = 0; i < 20; i++) step(whole, i);
  for (let i = 0; i < 8; i++) step(first, i);
  const second = optimize({ lr: 1e-3 }, first.w.clone());
  second.optimizer.loadStateDict(first.optimizer.stateDict());
  for (let i = 8; i < 20; i++) step(second, i);
  expect([...second.w.dataSync()]).toEqual([...whole.w.dataSync()]);
});

it('shows convolution moments in the layout of torch', () => {
  const { optimizer } = optimize({}, tf.zeros([3, 2, 5, 7])); // [h, w, in, out]
  expect([...optimizer.stateDict()].map(([name, { shape }]) => [name, shape])).toEqual([
    ['step', []],
    ['exp_avg.w', [7, 5, 3, 2]],
    ['exp_avg_sq.w', [7, 5, 3, 2]],
  ]);
});

it('leaks nothing', () => {
  const { optimizer } = optimize();
  const w = goldenTensor('in.grad.0');
  expect(() => optimizer.step({ w })).toLeakNothing();
  expect(() => (optimizer.lr = 1e-4)).toLeakNothing();
  expect(() => optimizer.loadStateDict(optimizer.stateDict())).toLeakNothing();
});

it('can be made twice for the same parameters, and frees its own variables only', () => {
  const { w } = optimize();
  expect(() => {
    const [a, b] = [new AdamW(new Map([['w', w]])), new AdamW(new Map([['w', w]]))];
    a.dispose();
    b.dispose();
  }).toLeakNothing();
  expect(w.isDisposed).toBe(false);
});

describe('refusals', () => {
  it('names all options out of range', () => {
    const bad: AdamWOptions = { lr: -1, betas: [1, -0.1], eps: NaN, weightDecay: -0.01 };
    expect(() => optimize(bad)).toThrow(
      'AdamW: lr: expected a finite number ≥ 0, got -1; betas: expected two numbers in [0, 1), got [1,-0.1]; ' +
        'eps: expected a finite number ≥ 0, got NaN; ' +
        'weightDecay: expected a finite number ≥ 0, got -0.01',
    );
  });

  it('keeps the learning rate when the new one is bad', () => {
    const { optimizer } = optimize({ lr: 0.5 });
    expect(() => (optimizer.lr = Infinity)).toThrow(
      'lr: expected a finite number ≥ 0, got Infinity',
    );
    expect(optimizer.lr).toBe(0.5);
  });

  it('names missing, unknown and misshaped gradients together and does no step', () => {
    const [a, b] = [tf.variable(tf.ones([2]), false), tf.variable(tf.ones([3]), false)];
    const optimizer = new AdamW(
      new Map([
        ['a.weight', a],
        ['b.weight', b],
      ]),
    );
    owned.push(a, b, optimizer);
    const grads = { 'b.weight': tf.ones([4]), c: tf.ones([1]) };
    expect(() => optimizer.step(grads)).toThrow(
      'AdamW.step: expected one gradient for each of 2 parameters:\n' +
        '  a.weight: no gradient given\n' +
        '  b.weight: expected a gradient [3], got [4]\n' +
        '  c: no such parameter',
    );
    expect([...a.dataSync(), ...optimizer.stateDict().get('step')!.data]).toEqual([1, 1, 0]);
  });

  it('names all keys of a state that does not fit, and keeps its own', () => {
    const { optimizer } = optimize();
    const state = optimizer.stateDict();
    state.delete('step');
    state.set('exp_avg.v', { shape: [1], data: new Float32Array(1) });
    state.set('exp_avg.w', { shape: [5, 7], data: new Float32Array(35).fill(9) });
    const load = () => optimizer.loadStateDict(state);
    for (const key of ['step', 'exp_avg.v', 'exp_avg.w']) expect(load).toThrow(key);
    expect(
      optimizer
        .stateDict()
        .get('exp_avg.w')!
        .data.every((x) => x === 0),
    ).toBe(true);
  });
});

describe('lrScales', () => {
  const named = (...names: string[]) => {
    const variables = names.map((name) => [name, tf.variable(goldenTensor('in.param'), false)] as const); // prettier-ignore
    owned.push(...variables.map(([, variable]) => variable));
    return new Map(variables);
  };

  it('are the rates of torch’s parameter groups, the longest part first', () => {
    const parameters = named('unet.a', 'text_encoder.a', 'text_encoder.b.c', 'text_encoder2.a');
    const lrScales = { text_encoder: 0.3, 'text_encoder.b': 0 };
    const optimizer = new AdamW(parameters, { lr: 1e-3, lrScales });
    const alone = optimize({ lr: 3e-4 });
    owned.push(optimizer);
    for (let i = 0; i < 20; i++) {
      const gradient = goldenTensor(`in.grad.${i}`);
      optimizer.step(new Map([...parameters.keys()].map((name) => [name, gradient])));
      alone.optimizer.step({ w: gradient });
    }
    const blog = golden.get('out.blog.20')!.data;
    expect(parameters.get('unet.a')!.dataSync()).toBeCloseToMax(blog, 1e-6);
    expect(parameters.get('text_encoder2.a')!.dataSync()).toBeCloseToMax(blog, 1e-6);
    expect(parameters.get('text_encoder.a')!.dataSync()).toBeCloseToMax(alone.w.dataSync(), 1e-7);
    const start = golden.get('in.param')!.data;
    expect([...parameters.get('text_encoder.b.c')!.dataSync()]).toEqual([...start]);
  });

  it.each([
    [{ text_encoder: -1 }, /lrScales: expected a record of parts and numbers ≥ 0/],
    [{ text_encoder: NaN }, /lrScales/],
    [0.1, /lrScales/],
    [{ vae: 0.1, unet: 1 }, /expected parts that are trained \(unet, or a longer .*\), got vae\./],
  ])('refuses %j', (lrScales, message) => {
    const make = () => new AdamW(named('unet.a'), { lrScales } as AdamWOptions);
    expect(make).toThrow(message);
  });
});
