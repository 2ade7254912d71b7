import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { EMAModel, type EMAOptions } from '../../lib/optim/ema';
import { loadGolden } from '../support/golden';

const golden = loadGolden('adamw');
const goldenTensor = (name: string) => tf.tensor(golden.get(name)!.data, golden.get(name)!.shape);

const owned: { dispose(): void }[] = [];
afterEach(() => owned.splice(0).forEach((thing) => thing.dispose()));

function average(options?: EMAOptions, start: tf.Tensor = goldenTensor('in.param')) {
  const w = tf.variable(start, false);
  const ema = new EMAModel(new Map([['w', w]]), options);
  owned.push(w, ema);
  return { w, ema, shadow: () => [...ema.shadowParams.get('w')!.dataSync()] };
}

const WARMUP: EMAOptions = { decay: 0.9999, useEmaWarmup: true, invGamma: 1, power: 0.75 };

it("averages as diffusers' with warm-up", () => {
  const { w, ema, shadow } = average(WARMUP);
  for (let i = 0; i < 20; i++) {
    tf.tidy(() => w.assign(w.add(goldenTensor(`in.grad.${i}`).mul(0.1))));
    ema.step();
  }
  expect(shadow()).toBeCloseToMax(golden.get('out.ema.warmup.20')!.data, 1e-6);
});

// diffusers 0.42.1: EMAModel(...).get_decay(optimization_step) at these steps
const STEPS = [1, 2, 3, 5, 10, 1000, 1_000_000];
const DECAYS: [string, EMAOptions, number[]][] = [
  [
    'plain',
    {},
    [
      0, 0.18181818181818182, 0.25, 0.35714285714285715, 0.5263157894736842, 0.9910802775024777,
      0.9999,
    ],
  ],
  [
    'warm-up',
    { useEmaWarmup: true, power: 0.75 },
    [
      0, 0.4053964424986395, 0.5613086623491692, 0.7009302437557559, 0.8221720589961077,
      0.9943765867480965, 0.9999,
    ],
  ],
  ['bounded', { updateAfterStep: 3, minDecay: 0.3, decay: 0.5 }, [0, 0, 0, 0.3, 0.4375, 0.5, 0.5]],
];

it.each(DECAYS)('has the decay of diffusers at every step (%s)', (_, options, decays) => {
  STEPS.forEach((step, i) => {
    // From 0 towards 1 the average moves by 1 − decay: small shares show their own digits.
    const { w, ema, shadow } = average(options, tf.zeros([1]));
    w.assign(tf.ones([1]));
    const state = ema.stateDict();
    state.set('optimization_step', { shape: [], data: Float32Array.of(step - 1) });
    ema.loadStateDict(state);
    ema.step();
    const expected = 1 - decays[i]!;
    expect(Math.abs(shadow()[0]! / expected - 1), `step ${step}`).toBeLessThan(1e-5);
  });
});

describe('the weights for sampling', () => {
  it('are the average inside, the trained ones afterwards', async () => {
    const { w, ema } = average(WARMUP, tf.tensor1d([1, 2]));
    w.assign(tf.tensor1d([3, 4]));
    const inside = await ema.withAveragedWeights(() => [...w.dataSync()]);
    expect(inside).toEqual([1, 2]);
    expect([...w.dataSync()]).toEqual([3, 4]);
  });

  it('come back when the function fails', async () => {
    const { w, ema } = average(WARMUP, tf.tensor1d([1, 2]));
    w.assign(tf.tensor1d([3, 4]));
    const failing = ema.withAveragedWeights(() => Promise.reject(new Error('no sample')));
    await expect(failing).rejects.toThrow('no sample');
    expect([...w.dataSync()]).toEqual([3, 4]);
  });
});

it('leaks nothing', () => {
  const { ema } = average();
  expect(() => ema.step()).toLeakNothing();
  expect(() => {
    ema.store();
    ema.copyTo();
    ema.restore();
  }).toLeakNothing();
  const w = tf.variable(tf.zeros([2]), false);
  expect(() => new EMAModel(new Map([['w', w]])).dispose()).toLeakNothing();
});

it('refuses to store twice and to restore nothing', () => {
  const { ema } = average();
  expect(() => ema.restore()).toThrow('EMAModel.restore: nothing is stored; call store first.');
  ema.store();
  expect(() => ema.store()).toThrow(
    'EMAModel.store: the parameters are stored already; restore first.',
  );
});

it('puts the trained weights back when it is disposed while averaged ones stand in their place', async () => {
  const before = tf.memory().numTensors;
  const w = tf.variable(tf.tensor1d([1, 2]));
  const ema = new EMAModel(new Map([['w', w]]), { decay: 0.5 });
  ema.step();
  w.assign(tf.tensor1d([3, 6]));
  ema.step();
  const averaged = ema.withAveragedWeights(async () => {
    const inside = [...w.dataSync()];
    await Promise.resolve();
    return inside;
  });
  ema.dispose(); // as who forgets the await
  expect([...w.dataSync()]).toEqual([3, 6]);
  expect((await averaged)[0]).not.toBe(3);
  expect([...w.dataSync()]).toEqual([3, 6]);
  w.dispose();
  expect(tf.memory().numTensors - before).toBeLessThanOrEqual(2); // the test's own
});

it('takes undefined for the default, option by option', () => {
  const { options: defaults } = new EMAModel(new Map());
  expect(defaults).toEqual({
    decay: 0.9999,
    minDecay: 0,
    updateAfterStep: 0,
    useEmaWarmup: false,
    invGamma: 1,
    power: 2 / 3,
  });
  for (const name of Object.keys(defaults)) {
    const { options } = new EMAModel(new Map(), { [name]: undefined });
    expect(options, name).toEqual(defaults);
  }
  const { options } = new EMAModel(new Map(), { decay: 0.5, minDecay: undefined });
  expect(options).toEqual({ ...defaults, decay: 0.5 });
});

it('names options that there are not', () => {
  const bad = { decya: 0.5, rate: undefined } as EMAOptions; // undefined is not given
  expect(() => new EMAModel(new Map(), bad)).toThrow(
    /^EMAModel: decya: unknown option \(known: decay, [^;]*\)\.$/,
  );
});

it('names all options out of range', () => {
  const bad = { decay: 1.1, minDecay: -1, updateAfterStep: 0.5, invGamma: 0, power: NaN };
  const refuse = () => new EMAModel(new Map(), bad);
  for (const [name, value] of Object.entries(bad)) {
    expect(refuse).toThrow(new RegExp(`${name}: expected [^;]*, got ${value}`));
  }
});

it.each([
  { decay: '0.5', useEmaWarmup: 'no', invGamma: '1', power: null },
  { decay: '.9', minDecay: null, updateAfterStep: '0', useEmaWarmup: 'no', power: '1' },
])('names all options of another type: %j', (bad) => {
  const refuse = () => new EMAModel(new Map(), bad as unknown as EMAOptions);
  for (const [name, value] of Object.entries(bad)) {
    const got = JSON.stringify(value);
    expect(refuse).toThrow(new RegExp(`EMAModel: .*${name}: expected [^;]*, got ${got}`));
  }
});

it.each([null, [], 5])('takes no %j for options', (none) => {
  expect(() => new EMAModel(new Map(), none as never)).toThrow(
    'EMAModel: expected options as a record',
  );
});
