import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { gatherRows } from '../../lib/nn/gather-rows';
import { Conv2d, Embedding, GroupNorm, LayerNorm, Linear } from '../../lib/nn/layers';
import { disposeModule, loadStateDict, namedParameters, toHost } from '../../lib/nn/state-dict';
import { Generator } from '../../lib/random';
import { expectAsTorch, expectLayerAsTorch, reference, tensorOf } from './torch-case';

const stream = () => new Generator(3).stream('init');

/** The case's parameters into the layer, as a checkpoint would bring them. */
function withWeightsOf<T extends object>(name: string, layer: T): T {
  const state = [...namedParameters(layer).keys()].map((key) => {
    const { shape, data } = reference(`${name}.in.${key}`);
    return [key, { shape, data: data as Float32Array }] as const;
  });
  loadStateDict(layer, new Map(state));
  return layer;
}

function check(name: string, layer: { forward(x: tf.Tensor): tf.Tensor }, isImage = false) {
  withWeightsOf(name, layer);
  const toTorch = (gradient: tf.Tensor) => toHost(gradient).data;
  expectLayerAsTorch(name, layer, namedParameters(layer), toTorch, isImage);
  disposeModule(layer);
}

type ImageLayer = { forward(x: tf.Tensor): tf.Tensor };

describe("layers give torch's numbers and gradients", () => {
  it('Linear', () => {
    check('linear', new Linear(6, 4, stream()));
    check('linear_no_bias', new Linear(6, 4, stream(), { bias: false }));
  });

  it.each([
    ['conv', { kernelSize: 3, stride: 1, padding: 1 }],
    ['conv_stride_2', { kernelSize: 3, stride: 2, padding: 1 }],
    ['conv_stride_2_odd', { kernelSize: 3, stride: 2, padding: 1 }],
    ['conv_1x1', { kernelSize: 1, stride: 1, padding: 0 }],
    ['conv_5x5', { kernelSize: 5, stride: 1, padding: 2 }],
    ['conv_valid', { kernelSize: 3, stride: 1, padding: 0 }],
  ])('Conv2d: %s', (name, options) => {
    check(name, new Conv2d(3, 4, stream(), options) as unknown as ImageLayer, true);
  });

  it('GroupNorm', () => {
    check('group_norm', new GroupNorm(4, 12) as unknown as ImageLayer, true);
    check('group_norm_each_channel', new GroupNorm(8, 8, 1e-6) as unknown as ImageLayer, true);
  });

  it('LayerNorm', () => {
    check('layer_norm', new LayerNorm(16));
  });

  it('Embedding', () => {
    const ids = tensorOf('embedding.ids');
    expectAsTorch('embedding', (table) => gatherRows(table!, ids), { inputs: ['weight'] });
    const layer = withWeightsOf('embedding', new Embedding(7, 5, stream()));
    const rows = layer.forward(ids);
    expect(rows.shape).toEqual([2, 4, 5]);
    expect(rows.dataSync()).toEqual(reference('embedding.out').data);
    tf.dispose([rows, ids]);
    disposeModule(layer);
  });
});

it('gatherRows refuses ids outside the table', () => {
  tf.tidy(() => {
    const table = tf.zeros([7, 5]);
    for (const id of [7, -1]) {
      expect(() => gatherRows(table, tf.tensor1d([0, id], 'int32'))).toThrow(
        `indices[1] = ${id} is not in [0, 7)`,
      );
    }
  });
});

describe('initial values', () => {
  const bound = (layer: Linear | Conv2d) => {
    const numbers = [...namedParameters(layer).values()].map((p) => [...p.dataSync()]);
    return numbers.map((values) => Math.max(...values.map(Math.abs)));
  };

  it("are torch's: uniform up to 1 / √fanIn for Linear and Conv2d", () => {
    const linear = new Linear(100, 50, stream());
    const conv = new Conv2d(4, 32, stream());
    for (const [layer, limit] of [
      [linear, 1 / 10],
      [conv, 1 / 6],
    ] as const) {
      const [weight, bias] = bound(layer);
      expect(weight).toBeLessThanOrEqual(limit);
      expect(weight).toBeGreaterThan(0.99 * limit);
      expect(bias).toBeLessThanOrEqual(limit);
      expect(bias).toBeGreaterThan(0.8 * limit);
      disposeModule(layer);
    }
  });

  it('are 1 and 0 for norms, and normal with a bias of 0 where a std is given', () => {
    const norm = new GroupNorm(2, 4);
    expect([[...norm.weight.dataSync()], [...norm.bias.dataSync()]]).toEqual([
      [1, 1, 1, 1],
      [0, 0, 0, 0],
    ]);
    const linear = new Linear(100, 100, stream(), { std: 0.5 });
    expect(linear.bias!.dataSync().every((x) => x === 0)).toBe(true);
    const std = tf.tidy(() => tf.sqrt(tf.moments(linear.weight).variance).dataSync()[0]!);
    expect(Math.abs(std - 0.5)).toBeLessThan(0.02); // 5 standard errors are 0.018
    [norm, linear].forEach(disposeModule);
  });

  it('depend on the seed alone', () => {
    const weights = (seed: number) => {
      const layer = new Linear(3, 2, new Generator(seed).stream('init'));
      const numbers = [...layer.weight.dataSync()];
      disposeModule(layer);
      return numbers;
    };
    expect(weights(1)).toEqual(weights(1));
    expect(weights(1)).not.toEqual(weights(2));
  });

  it('leave no tensor behind when the layer is disposed', () => {
    expect(() => {
      const layers = [
        new Linear(3, 2, stream()),
        new Linear(3, 2, stream(), { std: 1 }),
        new Conv2d(3, 2, stream()),
        new GroupNorm(2, 4),
        new LayerNorm(4),
        new Embedding(3, 2, stream()),
      ];
      layers.forEach(disposeModule);
    }).toLeakNothing();
  });
});
