import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { crossAttentionMaps } from '../../lib/pipelines/attention-maps';
import { type BasicTransformerBlock, type Transformer2DModel } from '../../lib/models/attention';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { namedParameters } from '../../lib/nn/state-dict';
import { BLOG_UNET_CONFIG } from '../../lib/mnist/presets';
import { Generator, randn } from '../../lib/random';

const stream = new Generator(3).stream('init');

describe('crossAttentionMaps', () => {
  const unet = new UNet2DConditionModel(BLOG_UNET_CONFIG, stream);
  const sample = randn<tf.Rank.R4>([1, 28, 28, 1], stream.next());
  const timestep = tf.tensor1d([500], 'int32');
  const text = randn<tf.Rank.R3>([1, 8, 512], stream.next());

  it('are what the output of each cross-attention is made of', () => {
    // softmax(q kᵀ / √D) times v, merged and projected, is the layer's own output
    const { attn2 } = unet.mid_block.attentions[0]!.transformer_blocks[0]!;
    tf.tidy(() => {
      const x = randn<tf.Rank.R3>([1, 16, 32], stream.next());
      const p = attn2.probabilities(x, text);
      const [, heads, , S] = p.shape;
      const v = tf.reshape(attn2.to_v.forward(text), [1, S, heads, -1]);
      const mixed = tf.matMul(p, tf.transpose(v, [0, 2, 1, 3])); // [1, heads, L, D]
      const merged = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [1, 16, -1]) as tf.Tensor3D;
      const expected = attn2.to_out[0].forward(merged).dataSync();
      expect(attn2.forward(x, text).dataSync()).toBeCloseToMax(expected, 2e-5);
    });
  });

  it('share each pixel among the tokens, and leave the model as it was', () => {
    const before = unet.forward(sample, timestep, text);
    const names = [...namedParameters(unet).keys()];
    const maps = crossAttentionMaps(unet, sample, timestep, text);
    expect(maps.shape).toEqual([28, 28, 8]);
    const sums = tf.tidy(() => maps.sum(2).dataSync());
    expect(Math.min(...sums)).toBeCloseTo(1, 5);
    expect(Math.max(...sums)).toBeCloseTo(1, 5);
    expect([...namedParameters(unet).keys()]).toEqual(names);
    const after = unet.forward(sample, timestep, text);
    expect(after.dataSync()).toEqual(before.dataSync());
    tf.dispose([before, after, maps]);
  });

  it('leaks nothing', () => {
    expect(() => crossAttentionMaps(unet, sample, timestep, text).dispose()).toLeakNothing();
  });

  it('takes one image at a time', () => {
    const two = tf.zeros<tf.Rank.R4>([2, 28, 28, 1]);
    expect(() => crossAttentionMaps(unet, two, timestep, text)).toThrow('got 2 images');
    two.dispose();
  });
});

/** A small UNet of so many blocks, each of which attends to the text. */
const configOf = (blocks: number) => ({
  in_channels: 1,
  out_channels: 1,
  block_out_channels: Array<number>(blocks).fill(8),
  down_block_types: Array<'CrossAttnDownBlock2D'>(blocks).fill('CrossAttnDownBlock2D'),
  up_block_types: Array<'CrossAttnUpBlock2D'>(blocks).fill('CrossAttnUpBlock2D'),
  layers_per_block: 1,
  norm_num_groups: 4,
  attention_head_dim: 2,
  cross_attention_dim: 6,
});

describe('of any size', () => {
  const sizes: [number, number][] = [
    [17, 5],
    [29, 7],
    [1, 3],
    [5, 17],
    [7, 29],
    [3, 1],
    [1, 1],
    [2, 9],
    [9, 2],
    [11, 13],
    [6, 10],
    [15, 16],
    [31, 3],
    [3, 31],
    [28, 28],
    [12, 5],
    [23, 19],
    [4, 30],
    [8, 8],
    [13, 1],
  ];
  const configs = [1, 2, 3, 4].map(configOf);

  it.each(configs)('$block_out_channels', (config) => {
    const unet = new UNet2DConditionModel(config, stream);
    tf.tidy(() => {
      const text = randn<tf.Rank.R3>([1, 4, 6], stream.next());
      for (const [height, width] of sizes) {
        const sample = randn<tf.Rank.R4>([1, height, width, 1], stream.next());
        const maps = crossAttentionMaps(unet, sample, tf.tensor1d([500], 'int32'), text);
        expect(maps.shape).toEqual([height, width, 4]);
        expect(maps.sum(2).dataSync()).toBeCloseToMax(
          new Float32Array(height * width).fill(1),
          1e-5,
        );
      }
    });
    unet.dispose();
  });

  it('are the mean over levels and heads, each level brought to the size of the image', () => {
    const unet = new UNet2DConditionModel(configs[1]!, stream);
    const [height, width] = [5, 3];
    tf.tidy(() => {
      const text = randn<tf.Rank.R3>([1, 4, 6], stream.next());
      const sample = randn<tf.Rank.R4>([1, height, width, 1], stream.next());
      const levels: Record<number, [number, number]> = { 15: [5, 3], 6: [3, 2] }; // pixels → size
      const found: tf.Tensor4D[] = [];
      const blocks = [...unet.down_blocks, unet.mid_block, ...unet.up_blocks];
      for (const block of blocks) {
        for (const { transformer_blocks } of 'attentions' in block ? block.attentions : []) {
          const { attn2 } = transformer_blocks[0]!;
          const forward = attn2.forward.bind(attn2);
          attn2.forward = (x, context) => {
            const map = attn2.probabilities(x, context).mean(1);
            const shape = [1, ...levels[x.shape[1]]!, 4] as [number, number, number, number];
            found.push(tf.keep(tf.image.resizeBilinear(map.reshape(shape) as tf.Tensor4D, [5, 3])));
            return forward(x, context);
          };
        }
      }
      const t = tf.tensor1d([500], 'int32');
      unet.forward(sample, t, text);
      const expected = tf.mean(tf.concat(found), 0).dataSync();
      const maps = crossAttentionMaps(unet, sample, t, text);
      expect(maps.dataSync()).toBeCloseToMax(expected, 1e-6);
      tf.dispose(found);
    });
    unet.dispose();
  });
});

const TOKENS = 3;

/** softmax(q kᵀ / √D), averaged over heads, in plain loops: [L][S]. */
function probabilitiesByHand(
  { attn2 }: BasicTransformerBlock,
  heads: number,
  x: tf.Tensor3D,
  text: tf.Tensor3D,
): number[][] {
  const q = (attn2.to_q.forward(x).arraySync() as number[][][])[0]!;
  const k = (attn2.to_k.forward(text).arraySync() as number[][][])[0]!;
  const D = q[0]!.length / heads;
  return q.map((query) => {
    const mean = new Array<number>(k.length).fill(0);
    for (let h = 0; h < heads; h++) {
      const scores = k.map((key) => {
        let dot = 0;
        for (let d = h * D; d < (h + 1) * D; d++) dot += query[d]! * key[d]!;
        return Math.exp(dot / Math.sqrt(D));
      });
      const total = scores.reduce((sum, score) => sum + score, 0);
      scores.forEach((score, s) => (mean[s]! += score / total / heads));
    }
    return mean;
  });
}

/** Bilinear interpolation as tf.image.resizeBilinear: pixel i of n lies at i · (rows / n), the last row is repeated. */
function resizedByHand(map: number[][], [h, w]: [number, number], [H, W]: [number, number]) {
  const out: number[] = [];
  for (let i = 0; i < H; i++) {
    for (let j = 0; j < W; j++) {
      const [y, x] = [(i * h) / H, (j * w) / W];
      const [top, left] = [Math.floor(y), Math.floor(x)];
      const [bottom, right] = [Math.min(top + 1, h - 1), Math.min(left + 1, w - 1)];
      const [dy, dx] = [y - top, x - left];
      for (let s = 0; s < TOKENS; s++) {
        const at = (row: number, column: number) => map[row * w + column]![s]!;
        out.push(
          (1 - dy) * ((1 - dx) * at(top, left) + dx * at(top, right)) +
            dy * ((1 - dx) * at(bottom, left) + dx * at(bottom, right)),
        );
      }
    }
  }
  return out;
}

it.each<[number, number]>([
  [17, 5],
  [29, 7],
])('the values for %i × %i are those computed by hand', (height, width) => {
  const unet = new UNet2DConditionModel(configOf(3), stream);
  const sample = randn<tf.Rank.R4>([1, height, width, 1], stream.next());
  const timestep = tf.tensor1d([300], 'int32');
  const text = randn<tf.Rank.R3>([1, TOKENS, 6], stream.next());
  // What each transformer is given: the image with its own height and width, and the state in its block.
  const byHand: number[][] = [];
  const transformers = [...unet.down_blocks, unet.mid_block, ...unet.up_blocks].flatMap(
    (block): readonly Transformer2DModel[] => ('attentions' in block ? block.attentions : []),
  );
  expect(transformers).toHaveLength(3 + 1 + 6);
  for (const transformer of transformers) {
    const forward = transformer.forward.bind(transformer);
    transformer.forward = (x, context) => {
      const [, h, w] = x.shape;
      const [block] = transformer.transformer_blocks as [BasicTransformerBlock];
      const result = forward(x, context);
      tf.tidy(() => {
        const projected = transformer.proj_in.forward(transformer.norm.forward(x));
        const tokens = tf.reshape<tf.Rank.R3>(projected, [1, h * w, projected.shape[3]]);
        const state = tf.add<tf.Tensor3D>(tokens, block.attn1.forward(block.norm1.forward(tokens)));
        const map = probabilitiesByHand(block, 2, block.norm2.forward(state), context);
        byHand.push(resizedByHand(map, [h, w], [height, width]));
      });
      return result;
    };
  }
  unet.forward(sample, timestep, text).dispose();
  for (const transformer of transformers) Reflect.deleteProperty(transformer, 'forward');
  const expected = byHand[0]!.map(
    (_, i) => byHand.reduce((sum, map) => sum + map[i]!, 0) / byHand.length,
  );
  const maps = crossAttentionMaps(unet, sample, timestep, text);
  expect(maps.dataSync()).toBeCloseToMax(Float32Array.from(expected), 1e-5);
  tf.dispose([maps, sample, timestep, text]);
  unet.dispose();
});
