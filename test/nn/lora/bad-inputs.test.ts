/** What is no adapter's option, target, name or weight: each is refused in words, and nothing is changed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../../lib/backend';
import { UNet2DConditionModel } from '../../../lib/models/unet-2d-condition';
import {
  addAdapter,
  deleteAdapters,
  getActiveAdapters,
  getListAdapters,
  setAdapters,
} from '../../../lib/nn/lora/adapters';
import type { LoraConfig } from '../../../lib/nn/lora/config';
import { fuseLora, unfuseLora } from '../../../lib/nn/lora/fuse';
import { adapterChange, adapterParameters } from '../../../lib/nn/lora/weights';
import { Generator } from '../../../lib/random';
import { TINY_UNET } from '../../support/tiny-configs';

let unet: UNet2DConditionModel;
beforeAll(() => {
  unet = new UNet2DConditionModel(TINY_UNET, new Generator(1).stream('init'));
});
afterAll(() => {
  unet.dispose();
});

const good = { r: 2, targetModules: ['to_q'] };

/** It throws, and there is no adapter and no tensor more. */
function refuses(run: () => void, message: RegExp): void {
  const before = tf.memory().numTensors;
  expect(run).toThrow(message);
  expect(tf.memory().numTensors).toBe(before);
  expect(getListAdapters(unet)).toEqual({ '': [] });
}

describe('addAdapter', () => {
  const bad: readonly [string, object, RegExp][] = [
    ['rank 0', { r: 0 }, /r: expected an integer ≥ 1, got 0/],
    ['a negative rank', { r: -1 }, /r: expected .* got -1/],
    ['half a rank', { r: 1.5 }, /got 1\.5/],
    ['a rank as text', { r: '4' }, /got "4"/],
    ['no number as rank', { r: NaN }, /got NaN/],
    ['alpha 0', { loraAlpha: 0 }, /loraAlpha: expected/],
    ['a negative alpha', { loraAlpha: -8 }, /loraAlpha: expected/],
    ['an endless alpha', { loraAlpha: Infinity }, /got Infinity/],
    ['no targets', { targetModules: undefined }, /targetModules: expected names/],
    ['an empty list', { targetModules: [] }, /targetModules: expected/],
    ['an empty name', { targetModules: [''] }, /targetModules: expected/],
    ['a number as target', { targetModules: [1] }, /targetModules: expected/],
    ['a broken expression', { targetModules: '(' }, /targetModules: expected/],
    [
      'a target of another model',
      { targetModules: ['q_proj'] },
      /'q_proj', which matches none.*to_q/,
    ],
    [
      'one target of two that matches',
      { targetModules: ['to_q', 'c_attn'] },
      /'c_attn', which matches none/,
    ],
    ['an expression for nothing', { targetModules: 'to_q' }, /'to_q', which matches none/],
    ['a norm', { targetModules: ['norm1'] }, /norm1 \((Group|Layer)Norm\)/],
    ['a whole attention', { targetModules: ['attn1'] }, /attn1 \(Attention\)/],
    ['everything', { targetModules: '.*' }, /and \d+ more/],
    ['weights of another method', { initLoraWeights: 'pissa' }, /initLoraWeights: expected/],
    ['null as first weights', { initLoraWeights: null }, /initLoraWeights: expected/],
    ["Python's names", { lora_alpha: 8 }, /lora_alpha: unknown option \(known: r, loraAlpha/],
    ['another name of the rank', { rank: 4 }, /rank: unknown option/],
    ['dropout', { loraDropout: 0.1 }, /loraDropout: unknown option/],
    ['a pattern of rank 0', { rankPattern: { to_q: 0 } }, /rankPattern: expected/],
    ['a pattern that is a list', { rankPattern: [1] }, /rankPattern: expected/],
    ['a pattern that is no expression', { alphaPattern: { '(': 1 } }, /alphaPattern: expected/],
    ['a seed below 0', { seed: -1 }, /seed: expected/],
  ];

  it.each(bad)('refuses %s', (_, change, message) => {
    refuses(() => addAdapter(unet, { ...good, ...change } as LoraConfig), message);
  });

  it('refuses what is no model, and names that are none', () => {
    refuses(() => addAdapter(null as never, good), /expected a model such as/);
    refuses(() => addAdapter({}, good), /has no Linear or Conv2d/);
    refuses(() => addAdapter(unet, null as never), /expected options such as/);
    for (const name of ['', 'a.b', 'a b', 3 as never, null as never]) {
      refuses(() => addAdapter(unet, good, name), /expected adapterName/);
    }
  });
});

it('refuses what does not fit the adapters there are', () => {
  const nothing = /expected adapters of none/;
  refuses(() => setAdapters(unet, 'a'), nothing);
  refuses(() => deleteAdapters(unet, 'a'), nothing);
  refuses(() => fuseLora(unet), /got none/);
  refuses(() => unfuseLora(unet), /got none/);
  refuses(() => adapterParameters(unet, 'a'), nothing);
  refuses(() => adapterChange(unet, 'a'), nothing);
  refuses(() => setAdapters(undefined as never, 'a'), /Expected a model/);

  addAdapter(unet, good, 'a');
  addAdapter(unet, good, 'b');
  const wrong: [() => void, RegExp][] = [
    [() => addAdapter(unet, good, 'a'), /already has an adapter 'a'/],
    [() => setAdapters(unet, 'c'), /'a', 'b', got "c"/],
    [() => setAdapters(unet, ['a', 'c']), /got "c"/],
    [() => setAdapters(unet, ['a', 'a']), /named twice/],
    [() => setAdapters(unet, [undefined as never]), /got undefined/],
    [() => setAdapters(unet, ['a', 'b'], [1]), /one for each of 2 adapters, got \[1\]/],
    [() => setAdapters(unet, 'a', NaN), /finite number/],
    [() => setAdapters(unet, 'a', ['1'] as never), /finite number/],
    [() => setAdapters(unet, 'a', Infinity), /finite number/],
    [() => deleteAdapters(unet, ['b', 'c']), /got "c"/],
    [() => fuseLora(unet, { loraScale: NaN }), /loraScale/],
    [() => fuseLora(unet, { adapterNames: ['c'] }), /got "c"/],
    [() => fuseLora(unet, { adapterNames: [] }), /got none/],
  ];
  for (const [run, message] of wrong) expect(run).toThrow(message);
  expect(getActiveAdapters(unet)).toEqual(['b']);

  fuseLora(unet);
  for (const run of [
    () => fuseLora(unet),
    () => setAdapters(unet, 'a'),
    () => deleteAdapters(unet, 'a'),
  ]) {
    expect(run).toThrow(/'b' are in the weights at present.*unfuseLora/);
  }
  unfuseLora(unet);
  deleteAdapters(unet, ['a', 'b']);
});
