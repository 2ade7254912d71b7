import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { namedParameters, numParameters, stateDict, toHost } from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';
import { loadGolden } from '../support/golden';
import { fixtureModelFolder } from '../support/model';
import { temporaryFolder } from '../support/temporary';

const init = () => new Generator(0).stream('init');

// Reference: test/fixtures/clip-text-tiny, written by scripts/export_goldens.py from transformers.
describe('CLIPTextModel against transformers', () => {
  const golden = loadGolden('clip-text-tiny');
  const folder = fixtureModelFolder('clip-text-tiny');
  const get = (key: string) => golden.get(key)!;
  let model: CLIPTextModel;
  let ids: tf.Tensor2D;

  beforeAll(() => {
    model = CLIPTextModel.fromPretrained(folder);
    const { data, shape } = get('in.input_ids');
    ids = tf.tensor2d(data, shape as [number, number], 'int32');
  });
  afterAll(() => {
    model.dispose();
    ids.dispose();
  });

  it('gives the same last_hidden_state and pooler_output', () => {
    tf.tidy(() => {
      const output = model.forward(ids);
      const hidden = output.last_hidden_state.dataSync();
      expect(hidden).toBeCloseToMax(get('out.last_hidden_state').data, 2e-5);
      expect(output.pooler_output.dataSync()).toBeCloseToMax(get('out.pooler_output').data, 2e-5);
    });
  });

  it('gives the same loss and gradients', () => {
    const target = get('in.target');
    const parameters = namedParameters(model);
    tf.tidy(() => {
      const wanted = tf.tensor3d(target.data, target.shape as [number, number, number]);
      const { value, grads } = tf.variableGrads(
        () => tf.mean(tf.squaredDifference(model.lastHiddenState(ids), wanted)),
        [...parameters.values()],
      );
      expect(value.dataSync()).toBeCloseToMax(get('out.loss').data, 1e-5);
      const norms = [...parameters.keys()].map((key) => Math.hypot(...get(`grad.${key}`).data));
      const noise = 1e-6 * Math.hypot(...norms);
      for (const [key, variable] of parameters) {
        const { data } = toHost(grads[variable.name]!);
        const expected = get(`grad.${key}`).data;
        if (Math.hypot(...expected) < noise) {
          // A bias on all keys shifts each query's scores alike: softmax does not see it.
          expect(key).toMatch(/k_proj\.bias$/);
          expect(Math.hypot(...data), key).toBeLessThan(noise);
        } else {
          expect(data, key).toBeCloseInNorm(expected, 1e-4);
        }
      }
    });
  });

  it('saves and loads the same weights', () => {
    const saved = temporaryFolder('clip-text');
    model.savePretrained(saved);
    const again = CLIPTextModel.fromPretrained(saved);
    expect(again.config).toEqual(model.config);
    expect(stateDict(again)).toEqual(stateDict(model));
    again.dispose();
  });

  it('leaks no tensor', () => {
    expect(() => tf.dispose({ ...model.forward(ids) })).toLeakNothing();
    expect(() => CLIPTextModel.fromPretrained(folder).dispose()).toLeakNothing();
  });

  it('refuses texts that are too long', () => {
    const long = tf.zeros<tf.Rank.R2>([1, 17], 'int32');
    expect(() => model.lastHiddenState(long)).toThrow(/L ≤ 16, got \[1, 17\].*maxLength/s);
    long.dispose();
  });
});

describe('CLIPTextModel', () => {
  it('has the size of openai/clip-vit-base-patch32 by default', () => {
    const model = new CLIPTextModel({}, init());
    expect(numParameters(model)).toBe(63_165_952); // transformers: CLIPTextModel(CLIPTextConfig())
    model.dispose();
  });

  it('names every bad key of a config at once', () => {
    const config = { hidden_sise: 32, num_hidden_layers: 0, hidden_act: 'relu' } as object;
    const make = () => new CLIPTextModel(config, init());
    expect(make).toThrow(/hidden_sise: unknown key/);
    expect(make).toThrow(/num_hidden_layers: expected a positive integer, got 0/);
    expect(make).toThrow(/hidden_act: expected "quick_gelu" or "gelu", got "relu"/);
  });
});
