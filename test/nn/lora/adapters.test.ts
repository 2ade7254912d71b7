/** Adapters against peft: outputs, gradients, first steps of a training, weights that are fused. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../../lib/backend';
import { jit } from '../../../lib/jit';
import { BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from '../../../lib/mnist/presets';
import { CLIPTextModel } from '../../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../../lib/models/unet-2d-condition';
import {
  addAdapter,
  deleteAdapters,
  getActiveAdapters,
  getListAdapters,
  setAdapters,
} from '../../../lib/nn/lora/adapters';
import { fuseLora, unfuseLora } from '../../../lib/nn/lora/fuse';
import { adapterChange, adapterParameters, withLoraScale } from '../../../lib/nn/lora/weights';
import { namedParameters, stateDict, toHost, type HostTensor } from '../../../lib/nn/state-dict';
import { AdamW } from '../../../lib/optim/adamw';
import { Generator } from '../../../lib/random';
import { loadGolden } from '../../support/golden';
import { ATTENTION, giveDrawn, outputOf, under, unetInputs } from '../../support/lora';
import { fixtureModelFolder } from '../../support/model';

const golden = loadGolden('lora-unet');
const expected = (name: string) => golden.get(name)!.data;
const folder = fixtureModelFolder('lora-unet');
const attention = { r: 4, loraAlpha: 8, targetModules: ATTENTION };
const mixed = {
  r: 2,
  loraAlpha: 4,
  useRslora: true,
  targetModules: [
    'conv1',
    'conv_shortcut',
    'downsamplers.0.conv',
    'proj_in',
    'ff.net.0.proj',
    'linear_1',
    'to_q',
  ],
  rankPattern: { conv1: 3, 'attn2.to_q': 1 },
  alphaPattern: { conv1: 1, 'down_blocks.*.to_q': 8 },
};

let unet: UNet2DConditionModel;
beforeEach(() => {
  unet = UNet2DConditionModel.fromPretrained(folder);
});
afterEach(() => {
  unet.dispose();
});

function lossAndGradients(parameters: ReadonlyMap<string, tf.Variable>) {
  let found = new Map<string, HostTensor>();
  const loss: number = tf.tidy(() => {
    const { sample, timestep, context, noise } = unetInputs(golden);
    const { value, grads } = tf.variableGrads(
      () => tf.losses.meanSquaredError(noise, unet.forward(sample, timestep, context)) as tf.Scalar,
      [...parameters.values()],
    );
    found = new Map([...parameters].map(([name, v]) => [name, toHost(grads[v.name]!)]));
    return value.dataSync()[0]!;
  });
  return { loss, grads: found };
}

describe('an adapter', () => {
  it.each([
    ['attention', attention],
    ['mixed', mixed],
  ])('%s gives outputs and gradients of peft', (name, config) => {
    expect(outputOf(unet)).toBeCloseToMax(expected('plain.sample'), 2e-5);
    addAdapter(unet, config, name);
    giveDrawn(unet, name, golden);
    expect(outputOf(unet)).toBeCloseToMax(expected(`${name}.sample`), 2e-5);
    const { loss, grads } = lossAndGradients(adapterParameters(unet, name));
    expect(loss / expected(`${name}.loss`)[0]!).toBeCloseTo(1, 5);
    const wanted = under(golden, `${name}.grad`);
    expect(wanted.size).toBeGreaterThan(8);
    for (const [key, { shape, data }] of wanted) {
      expect(grads.get(key)?.shape, key).toEqual(shape);
      expect(grads.get(key)!.data, key).toBeCloseInNorm(data, 1e-4);
    }
  });

  it('counts as much as is asked for, beside others', () => {
    addAdapter(unet, attention, 'attention');
    addAdapter(unet, mixed, 'mixed');
    expect(getActiveAdapters(unet)).toEqual(['mixed']);
    for (const name of ['attention', 'mixed']) giveDrawn(unet, name, golden);
    setAdapters(unet, ['attention', 'mixed'], [0.7, -0.5]);
    expect(outputOf(unet)).toBeCloseToMax(expected('both.sample'), 2e-5);
    setAdapters(unet, 'attention');
    const halved = withLoraScale(unet, 0.5, () => outputOf(unet));
    expect(halved).toBeCloseToMax(expected('scale.sample'), 2e-5);
    expect(outputOf(unet)).toBeCloseToMax(expected('attention.sample'), 2e-5);
    setAdapters(unet, []);
    expect(outputOf(unet)).toBeCloseToMax(expected('plain.sample'), 2e-5);
    expect(getListAdapters({ unet })).toEqual({ unet: ['attention', 'mixed'] });
  });

  it('on a text encoder gives embeddings of peft', () => {
    const text = loadGolden('lora-text');
    const model = CLIPTextModel.fromPretrained(fixtureModelFolder('lora-text'));
    const targetModules = ['q_proj', 'k_proj', 'v_proj', 'out_proj', 'fc1'];
    addAdapter(model, { r: 2, loraAlpha: 6, targetModules }, 'text');
    giveDrawn(model, 'text', text);
    const ids = text.get('in.input_ids')!;
    const out = tf.tidy(() =>
      model.lastHiddenState(tf.tensor2d(ids.data, [2, 8], 'int32')).dataSync(),
    );
    expect(out).toBeCloseToMax(text.get('out.last_hidden_state')!.data, 2e-5);
    model.dispose();
  });

  it('takes the first three steps of AdamW as peft does', () => {
    addAdapter(unet, { r: 4, loraAlpha: 4, targetModules: ATTENTION }, 'start');
    giveDrawn(unet, 'start', golden, { zeroB: true });
    const parameters = adapterParameters(unet, 'start');
    const optimizer = new AdamW(parameters, { lr: 1e-2, weightDecay: 1e-2 });
    const { sample, timestep, context, noise } = unetInputs(golden);
    for (const wanted of expected('adamw.losses')) {
      tf.tidy(() => {
        const { value, grads } = tf.variableGrads(
          () =>
            tf.losses.meanSquaredError(noise, unet.forward(sample, timestep, context)) as tf.Scalar,
          [...parameters.values()],
        );
        expect(value.dataSync()[0]! / wanted).toBeCloseTo(1, 5);
        optimizer.step(new Map([...parameters].map(([name, v]) => [name, grads[v.name]!])));
      });
    }
    for (const [name, variable] of parameters) {
      expect(toHost(variable).data, name).toBeCloseInNorm(expected(`adamw.${name}`), 1e-4);
    }
    optimizer.dispose();
    tf.dispose([sample, timestep, context, noise]);
  });

  it('changes nothing at first: the gradient of A is 0, that of B is not', () => {
    addAdapter(unet, { r: 4, targetModules: ATTENTION, initLoraWeights: 'gaussian' });
    expect(outputOf(unet)).toBeCloseToMax(expected('plain.sample'), 2e-5);
    const { grads } = lossAndGradients(adapterParameters(unet));
    for (const [name, { data }] of grads) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      if (name.includes('lora_A')) expect(largest, name).toBe(0);
      else expect(largest, name).toBeGreaterThan(0);
    }
    const change = adapterChange(unet);
    expect(change).toHaveLength(32);
    expect(change[0]).toMatchObject({ r: 4, alpha: 8, normB: 0, share: 0 });
  });
});

it('has as many weights as with peft', () => {
  const stream = new Generator(0).stream('init');
  const [blog, text] = [
    new UNet2DConditionModel(BLOG_UNET_CONFIG, stream),
    new CLIPTextModel(SMALL_TEXT_CONFIG, stream),
  ];
  const count = (model: object, targetModules: string[]) => {
    addAdapter(model, { r: 4, targetModules });
    const sizes = [...adapterParameters(model).values()].map(({ size }) => size);
    deleteAdapters(model, 'default');
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  expect(count(blog, ATTENTION)).toBe(82_688);
  const cross = ATTENTION.map((name) => `attn2.${name}`);
  expect(count(blog, cross)).toBe(61_184);
  expect(count(text, ['q_proj', 'k_proj', 'v_proj', 'out_proj'])).toBe(32_768);
  blog.dispose();
  text.dispose();
});

describe('first weights', () => {
  const spread = (initLoraWeights: boolean | 'gaussian', part: string) => {
    addAdapter(unet, { r: 4, targetModules: ['ff.net.2'], initLoraWeights, seed: 3 });
    const values = [...adapterParameters(unet)].flatMap(([name, v]) =>
      name.includes(part) ? [...v.dataSync()] : [],
    );
    deleteAdapters(unet, 'default');
    const std = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    return { std, largest: Math.max(...values.map(Math.abs)) };
  };

  it('are those of peft', () => {
    // ff.net.2 takes 128 numbers: U(±1/√128) has a deviation of 0.0510; N(0, 1/4²) of 0.25.
    const uniform = spread(true, 'lora_A');
    expect(uniform.largest).toBeLessThanOrEqual(1 / Math.sqrt(128));
    expect(uniform.std).toBeCloseTo(0.051, 2);
    expect(spread('gaussian', 'lora_A').std).toBeCloseTo(0.25, 1);
    expect(spread('gaussian', 'lora_A').largest).toBeGreaterThan(0.5);
    expect(spread('gaussian', 'lora_B').largest).toBe(0);
    expect(spread(false, 'lora_B').largest).toBeGreaterThan(0.3); // U(±1/√4)
  });

  it('depend on the seed alone', () => {
    const first = (seed: number) => {
      addAdapter(unet, { r: 2, targetModules: ['to_q'], seed });
      const values = [...adapterParameters(unet).values()].map((v) => [...v.dataSync()]);
      deleteAdapters(unet, 'default');
      return values;
    };
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });
});

describe('fuseLora', () => {
  it('adds the change to the weights as diffusers does, and takes it out to the bit', () => {
    const before = stateDict(unet);
    addAdapter(unet, attention, 'attention');
    giveDrawn(unet, 'attention', golden);
    setAdapters(unet, 'attention', 0.7);
    const computed = withLoraScale(unet, 0.8, () => outputOf(unet));
    fuseLora(unet, { loraScale: 0.8 });
    const name = 'down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q';
    const fused = stateDict(unet).get(`${name}.weight`)!.data;
    expect(fused).toBeCloseToMax(expected(`fused.${name}`), 1e-6);
    expect(outputOf(unet)).toBeCloseToMax(computed, 2e-5);
    unfuseLora(unet);
    expect(stateDict(unet)).toEqual(before);
    expect(withLoraScale(unet, 0.8, () => outputOf(unet))).toBeCloseToMax(computed, 1e-6);
  });

  it('fuses convolutions of any stride, and several adapters', () => {
    addAdapter(unet, attention, 'attention');
    addAdapter(unet, mixed, 'mixed');
    for (const name of ['attention', 'mixed']) giveDrawn(unet, name, golden);
    setAdapters(unet, ['attention', 'mixed'], [0.7, -0.5]);
    fuseLora({ unet });
    expect(outputOf(unet)).toBeCloseToMax(expected('both.sample'), 2e-5);
    unfuseLora({ unet });
    expect(outputOf(unet)).toBeCloseToMax(expected('both.sample'), 2e-5);
  });
});

describe('the model', () => {
  it('keeps its state dict, and its layers where no adapter is computed', () => {
    const names = [...namedParameters(unet).keys()];
    const layers = () =>
      ['to_q', 'to_out'].map(
        (key) => unet.mid_block.attentions[0]!.transformer_blocks[0]!.attn1[key as 'to_q'],
      );
    const plain = layers();
    addAdapter(unet, attention);
    expect([...namedParameters(unet).keys()]).toEqual(names);
    expect(layers()[0]).not.toBe(plain[0]);
    setAdapters(unet, []);
    expect(layers()).toEqual(plain);
    setAdapters(unet, 'default');
    deleteAdapters(unet, 'default');
    expect(layers()[0]).toBe(plain[0]);
    expect(outputOf(unet)).toBeCloseToMax(expected('plain.sample'), 2e-5);
  });

  it('is freed with its adapters, whatever their state', () => {
    const before = tf.memory().numTensors;
    for (const end of [() => {}, () => setAdapters(unet, []), () => fuseLora(unet)]) {
      unet.dispose();
      const none = tf.memory().numTensors;
      unet = UNet2DConditionModel.fromPretrained(folder);
      addAdapter(unet, attention, 'a');
      addAdapter(unet, mixed, 'b');
      end();
      unet.dispose();
      expect(tf.memory().numTensors).toBe(none);
      unet = UNet2DConditionModel.fromPretrained(folder);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaks nothing', () => {
    expect(() => {
      addAdapter(unet, attention);
      setAdapters(unet, 'default', 0.5);
      withLoraScale(unet, 2, () => outputOf(unet));
      adapterChange(unet);
      fuseLora(unet);
      unfuseLora(unet);
      deleteAdapters(unet, 'default');
    }).toLeakNothing();
  });
});

describe('in a graph', () => {
  it('sees adapters that are added, weighed, fused and deleted; another weight needs no trace', () => {
    const inputs = unetInputs(golden);
    const forward = jit(
      (sample: tf.Tensor4D, timestep: tf.Tensor1D, context: tf.Tensor3D) =>
        unet.forward(sample, timestep, context),
      { name: 'forward' },
    );
    const run = () =>
      tf.tidy(() => {
        const y = forward(inputs.sample, inputs.timestep, inputs.context);
        return tf.transpose(y, [0, 3, 1, 2]).dataSync();
      });
    expect(run()).toBeCloseToMax(expected('plain.sample'), 2e-5);
    addAdapter(unet, attention, 'attention');
    giveDrawn(unet, 'attention', golden);
    expect(run()).toBeCloseToMax(expected('attention.sample'), 2e-5);
    const traced = forward.compilations;
    expect(withLoraScale(unet, 0.5, run)).toBeCloseToMax(expected('scale.sample'), 2e-5);
    setAdapters(unet, 'attention', 0.5);
    expect(run()).toBeCloseToMax(expected('scale.sample'), 2e-5);
    expect(forward.compilations).toBe(traced);
    fuseLora(unet);
    expect(run()).toBeCloseToMax(expected('scale.sample'), 2e-5);
    unfuseLora(unet);
    deleteAdapters(unet, 'attention');
    expect(run()).toBeCloseToMax(expected('plain.sample'), 2e-5);
    forward.dispose();
    tf.dispose(Object.values(inputs));
  });
});
