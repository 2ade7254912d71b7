import { tf } from '../backend';
import { Attention, type BasicTransformerBlock } from '../models/attention';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';

interface Found {
  readonly attention: Attention;
  /** How often the image was halved before it. */
  readonly level: number;
}

/** The cross-attentions of a UNet: `attn2` of every transformer block. */
function crossAttentions({ down_blocks, mid_block, up_blocks }: UNet2DConditionModel): Found[] {
  const last = down_blocks.length - 1;
  const levels = [...down_blocks.keys(), last, ...[...up_blocks.keys()].map((j) => last - j)];
  return [...down_blocks, mid_block, ...up_blocks].flatMap((block, i) => {
    const transformers = 'attentions' in block ? block.attentions : [];
    return transformers.flatMap(({ transformer_blocks }) =>
      transformer_blocks.map(({ attn2 }: BasicTransformerBlock) => {
        return { attention: attn2, level: levels[i]! };
      }),
    );
  });
}

/** Height or width after so many downsamplers, each of which rounds up. */
function halved(size: number, times: number): number {
  return times === 0 ? size : halved(Math.ceil(size / 2), times - 1);
}

/**
 * How much each pixel attends to each token of the text in one prediction: the probabilities of all
 * cross-attentions, averaged over heads, brought to the size of the image and averaged over layers
 * (Tang et al. 2022, "What the DAAM"). Run eagerly; the model is as before.
 *
 * @param sample [1, H, W, C]
 * @param timestep int32 [1]
 * @param encoderHiddenStates [1, S, cross_attention_dim]
 * @returns [H, W, S], each pixel's sum over S is 1; disposed by the caller
 * @throws if the batch is not 1
 */
export function crossAttentionMaps(
  unet: UNet2DConditionModel,
  sample: tf.Tensor4D,
  timestep: tf.Tensor1D,
  encoderHiddenStates: tf.Tensor3D,
): tf.Tensor3D {
  const [B, H, W] = sample.shape;
  if (B !== 1 || encoderHiddenStates.shape[0] !== 1) {
    throw new Error(
      `crossAttentionMaps: expected a batch of 1, got ${B} images and ` +
        `${encoderHiddenStates.shape[0]} texts.`,
    );
  }
  const maps: tf.Tensor4D[] = [];
  const attentions = crossAttentions(unet);
  for (const { attention, level } of attentions) {
    attention.forward = (x, text) => {
      const map = tf.tidy(() => {
        const probabilities = tf.mean<tf.Tensor3D>(attention.probabilities(x, text), 1); // [1, L, S]
        const S = probabilities.shape[2];
        const shape: [number, number, number, number] = [1, halved(H, level), halved(W, level), S];
        const map = tf.reshape<tf.Rank.R4>(probabilities, shape);
        return tf.image.resizeBilinear(map, [H, W]);
      });
      maps.push(tf.keep(map)); // [1, H, W, S], beyond the tidy of the block
      return Attention.prototype.forward.call(attention, x, text);
    };
  }
  try {
    unet.forward(sample, timestep, encoderHiddenStates).dispose();
    return tf.tidy(() => tf.mean<tf.Tensor3D>(tf.concat(maps), 0));
  } finally {
    for (const { attention } of attentions) Reflect.deleteProperty(attention, 'forward');
    tf.dispose(maps);
  }
}
