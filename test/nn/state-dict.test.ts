import { afterEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { Conv2d, Linear } from '../../lib/nn/layers';
import {
  checkStateDict,
  disposeModule,
  loadStateDict,
  namedParameters,
  numParameters,
  stateDict,
  toHost,
  torchShape,
} from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';

const made: object[] = [];
afterEach(() => made.splice(0).forEach(disposeModule));

function model(seed = 1) {
  const stream = new Generator(seed).stream('init');
  const pointwise = { kernelSize: 1, padding: 0 };
  const module = {
    conv_in: new Conv2d(2, 3, stream),
    blocks: [new Linear(3, 4, stream), null, new Linear(4, 2, stream, { bias: false })],
    conv_out: new Conv2d(3, 1, stream, pointwise),
  };
  made.push(module);
  return module;
}

const KEYS = [
  ['conv_in.weight', [3, 2, 3, 3]],
  ['conv_in.bias', [3]],
  ['blocks.0.weight', [4, 3]],
  ['blocks.0.bias', [4]],
  ['blocks.2.weight', [2, 4]],
  ['conv_out.weight', [1, 3, 1, 1]],
  ['conv_out.bias', [1]],
];

it("shows torch's names and shapes, in the order of the fields", () => {
  const state = stateDict(model());
  expect([...state].map(([name, { shape }]) => [name, shape])).toEqual(KEYS);
  expect(numParameters(model())).toBe(54 + 3 + 12 + 4 + 8 + 3 + 1);
});

it('counts a variable once, in however many places it stands, as torch', () => {
  const module = model();
  const whole = numParameters(module);
  expect(numParameters({ module, same: module })).toBe(whole);
  expect(numParameters({ module, parts: { first: module.conv_in } })).toBe(whole);
});

it('turns conv weights from OIHW to HWIO and back', () => {
  const module = model();
  const state = stateDict(module);
  const data = Float32Array.from({ length: 54 }, (_, i) => i); // o·18 + i·9 + h·3 + w
  state.set('conv_in.weight', { shape: [3, 2, 3, 3], data });
  loadStateDict(module, state);
  const { weight } = module.conv_in;
  expect(weight.shape).toEqual([3, 3, 2, 3]);
  const held = weight.arraySync() as number[][][][];
  for (const [h, w, i, o] of [
    [0, 0, 0, 0],
    [2, 1, 0, 1],
    [1, 2, 1, 2],
  ] as const) {
    expect(held[h]![w]![i]![o]).toBe(o * 18 + i * 9 + h * 3 + w);
  }
  expect(torchShape(weight)).toEqual([3, 2, 3, 3]);
  expect(toHost(weight)).toEqual({ shape: [3, 2, 3, 3], data });
});

it('gives the same weights back, and a copy of them', () => {
  const [a, b] = [model(1), model(2)];
  expect(stateDict(b)).not.toEqual(stateDict(a));
  const state = stateDict(a);
  loadStateDict(b, state);
  expect(stateDict(b)).toEqual(stateDict(a));
  for (const { data } of state.values()) data.fill(0);
  expect(stateDict(b)).toEqual(stateDict(a));
});

it('leaks no tensor', () => {
  const module = model();
  expect(() => loadStateDict(module, stateDict(module))).toLeakNothing();
});

it('finds variables only, and no view of numbers', () => {
  const found = namedParameters({ a: 1, b: new Float32Array(3), c: null, d: { e: 'x' } });
  expect([...found]).toEqual([]);
});

it('reads tensors of more than 2²⁴ numbers, such as the token embedding of CLIP', () => {
  const size = 2 ** 24 + 1;
  const ones = tf.ones([size]);
  expect(() => {
    const { data, shape } = toHost(ones);
    expect(shape).toEqual([size]);
    expect(data.at(-1)).toBe(1);
  }).toLeakNothing();
  ones.dispose();
});

describe('weights that do not fit', () => {
  /** A state dict with a fault of each kind, twice. */
  function faulty() {
    const state = stateDict(model(2));
    state.delete('blocks.0.bias');
    state.delete('conv_out.bias');
    state.set('blocks.1.weight', { shape: [1], data: new Float32Array(1) });
    state.set('text_model.x', { shape: [], data: new Float32Array(1) });
    state.set('conv_in.weight', { shape: [3, 3, 2, 3], data: new Float32Array(54) }); // HWIO
    state.set('blocks.2.weight', { shape: [2, 4], data: new Float32Array(7) });
    return state;
  }

  it('are refused with every key named at once', () => {
    expect(() => checkStateDict(model(), faulty(), 'unet/weights.safetensors')).toThrow(
      'unet/weights.safetensors: the weights do not fit the model; nothing was loaded. ' +
        'Check that config.json belongs to these weights.\n' +
        'Wrong shape (2):\n' +
        '  conv_in.weight: expected [3, 2, 3, 3], got [3, 3, 2, 3]\n' +
        '  blocks.2.weight: expected 8 numbers, got 7\n' +
        'Missing (2):\n  blocks.0.bias\n  conv_out.bias\n' +
        'Unexpected (2):\n  blocks.1.weight\n  text_model.x',
    );
  });

  it('change nothing', () => {
    const module = model();
    const before = stateDict(module);
    const tensors = tf.memory().numTensors;
    const state = faulty();
    expect(() => loadStateDict(module, state)).toThrow(/^loadStateDict: the weights do not fit/);
    expect(stateDict(module)).toEqual(before);
    expect(tf.memory().numTensors).toBe(tensors + 7); // the second model that `faulty` made
  });

  it('are counted where there are many', () => {
    const state = stateDict(model());
    for (let i = 0; i < 30; i++) state.set(`extra.${i}`, { shape: [], data: new Float32Array(1) });
    expect(() => loadStateDict(model(), state)).toThrow(
      /Unexpected \(30\):\n( {2}extra\.\d\n){10} {2}… and 20 more$/,
    );
  });
});
