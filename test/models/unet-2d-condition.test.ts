import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { loadStateDict, namedParameters, numParameters, toHost } from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';
import { projectedError, projections } from '../support/drawn';
import { loadGolden, type GoldenTensor } from '../support/golden';
import { fixtureConfig, fixtureWeights, nchw, nhwc } from '../support/model';

const init = () => new Generator(0).stream('init');

/** Runs a module and keeps what it returned, under the name that torch's hook gave it. */
function record(
  module: { forward: (...args: never[]) => unknown },
  name: string,
  seen: Map<string, tf.Tensor>,
) {
  const forward = module.forward.bind(module) as (...args: never[]) => unknown;
  module.forward = (...args: never[]) => {
    const output = forward(...args);
    const tensor = output instanceof tf.Tensor ? output : (output as { hidden: tf.Tensor }).hidden;
    seen.set(name, tf.keep(tensor.clone() as tf.Tensor));
    return output;
  };
}

// Reference: test/fixtures/<name>, written by scripts/export_goldens.py from diffusers.
describe.each(['unet-blog', 'unet-tiny'])('UNet2DConditionModel against diffusers: %s', (name) => {
  let golden: Map<string, GoldenTensor>;
  let unet: UNet2DConditionModel;
  let inputs: [tf.Tensor4D, tf.Tensor1D, tf.Tensor3D, tf.Tensor4D];
  const get = (key: string) => golden.get(key)!;
  /** The norm of a parameter's gradient. */
  const normOf = (key: string) =>
    Math.hypot(...(golden.get(`grad.${key}`) ?? get(`gradnorm.${key}`)).data);

  beforeAll(() => {
    golden = loadGolden(name);
    unet = new UNet2DConditionModel(fixtureConfig(name), init());
    loadStateDict(unet, fixtureWeights(name));
    const context = get('in.encoder_hidden_states');
    inputs = [
      nhwc(get('in.sample')),
      tf.tensor1d(get('in.timestep').data, 'int32'),
      tf.tensor3d(context.data, context.shape as [number, number, number]),
      nhwc(get('in.noise')),
    ];
  });
  afterAll(() => {
    unet.dispose();
    tf.dispose(inputs);
  });

  it('gives the same output', () => {
    const [x, t, context] = inputs;
    const y = tf.tidy(() => nchw(unet.forward(x, t, context)));
    expect(y).toBeCloseToMax(get('out.sample').data, 2e-5);
  });

  it('gives the same activation after each block', () => {
    const [x, t, context] = inputs;
    const probe = Object.create(unet) as UNet2DConditionModel;
    const seen = new Map<string, tf.Tensor>();
    const wrap = <T extends object>(module: T, key: string): T => {
      const copy = Object.create(module) as T;
      record(copy as unknown as { forward: (...args: never[]) => unknown }, key, seen);
      return copy;
    };
    Object.assign(probe, {
      conv_in: wrap(unet.conv_in, 'conv_in'),
      time_embedding: wrap(unet.time_embedding, 'time_embedding'),
      mid_block: wrap(unet.mid_block, 'mid_block'),
      down_blocks: unet.down_blocks.map((b, i) => wrap(b, `down_blocks.${i}`)),
      up_blocks: unet.up_blocks.map((b, i) => wrap(b, `up_blocks.${i}`)),
    });
    tf.tidy(() => void probe.forward(x, t, context));
    const expected = [...golden.keys()].filter((key) => key.startsWith('act.'));
    expect(expected.map((key) => key.slice(4)).sort()).toEqual([...seen.keys()].sort());
    for (const [key, tensor] of seen) {
      const actual = tensor.rank === 4 ? nchw(tensor) : tensor.dataSync<'float32'>();
      expect(actual, key).toBeCloseToMax(get(`act.${key}`).data, 2e-5);
      tensor.dispose();
    }
  });

  it('gives the same loss and gradients', () => {
    const [x, t, context, noise] = inputs;
    const parameters = namedParameters(unet);
    const loss = (sample: tf.Tensor4D, hidden: tf.Tensor3D) =>
      tf.mean(tf.squaredDifference(unet.forward(sample, t, hidden), noise)) as tf.Scalar;
    tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => loss(x, context), [...parameters.values()]);
      expect(value.dataSync()).toBeCloseToMax(get('out.loss').data, 1e-5);
      // What is added before a norm whose groups hold one channel has no effect: its true gradient is 0 and
      // the reference holds rounding noise. There ours must be as small, everywhere else equal.
      const norms = [...parameters.keys()].map(normOf);
      const noise = 1e-6 * Math.hypot(...norms);
      for (const [key, variable] of parameters) {
        const { data } = toHost(grads[variable.name]!);
        const norm = normOf(key);
        if (norm < noise) {
          expect(key).toMatch(/(conv\d|conv_shortcut)\.bias$|time_emb_proj\.(weight|bias)$/);
          expect(Math.hypot(...data), key).toBeLessThan(noise);
        } else if (golden.has(`grad.${key}`)) {
          expect(data, key).toBeCloseInNorm(get(`grad.${key}`).data, 1e-4);
        } else {
          expect([Math.hypot(...data)], key).toBeCloseInNorm([norm], 1e-4);
          const actual = projections(0, `${name}/signs/${key}`, data);
          const expected = { norm, projections: get(`gradsigns.${key}`).data };
          // This much of an estimate proves the 1e-4 of all others; see test/fixtures/README.md.
          expect(projectedError(actual, expected), key).toBeLessThanOrEqual(3e-5);
        }
      }
    });
    const [dSample, dContext] = tf.tidy(() =>
      tf.grads(loss as (...args: tf.Tensor[]) => tf.Scalar)([x, context]),
    ) as [tf.Tensor, tf.Tensor];
    expect(nchw(dSample)).toBeCloseInNorm(get('grad.input.sample').data, 1e-4);
    const expected = get('grad.input.encoder_hidden_states').data;
    expect(dContext.dataSync()).toBeCloseInNorm(expected, 1e-4);
    tf.dispose([dSample, dContext]);
  });

  it('leaks no tensor', () => {
    const [x, t, context] = inputs;
    expect(() => unet.forward(x, t, context).dispose()).toLeakNothing();
  });
});

describe('UNet2DConditionModel', () => {
  it("has the blog's number of parameters", () => {
    const unet = new UNet2DConditionModel(fixtureConfig('unet-blog'), init());
    expect(numParameters(unet)).toBe(3_140_385);
    unet.dispose();
  });

  it('names every bad key of a config at once', () => {
    const config = { in_chanels: 1, dropout: 0.1, layers_per_block: 0, norm_num_groups: 32 };
    const make = () => new UNet2DConditionModel(config, init());
    expect(make).toThrow(/in_chanels: unknown key/);
    expect(make).toThrow(/dropout: only 0 is supported, got 0.1/);
    expect(make).toThrow(/layers_per_block: expected a positive integer.*got 0/);
  });

  it('names blocks that do not fit together', () => {
    const make = (config: object) => () => new UNet2DConditionModel(config, init());
    expect(make({ block_out_channels: [32, 64] })).toThrow(/down_block_types has 4 entries/);
    const narrow = { block_out_channels: [32, 64, 64, 40] };
    expect(make(narrow)).toThrow(/norm_num_groups \(32\) must divide .* not 40/);
  });

  it('says which shapes it expects', () => {
    const unet = new UNet2DConditionModel(fixtureConfig('unet-tiny'), init());
    tf.tidy(() => {
      const run = () =>
        unet.forward(tf.zeros([2, 16, 16, 1]), tf.zeros([2], 'int32'), tf.zeros([2, 5, 23]));
      expect(run).toThrow(/\[B, L, 24\].*got .*\[2, 5, 23\]/);
    });
    unet.dispose();
  });

  it('leaves no tensor behind when a bad config is refused, or when disposed', () => {
    expect(() => {
      const unet = new UNet2DConditionModel(fixtureConfig('unet-tiny'), init());
      unet.dispose();
    }).toLeakNothing();
  });
});
