import ndarray, { type NdArray } from 'ndarray';
import { tf } from '../../lib/backend';
import { pixelCodec, type Codec } from '../../lib/models/codec';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { gatherRows } from '../../lib/nn/gather-rows';
import type { Sampler } from '../../lib/schedulers/scheduler';
import { loadGolden, type GoldenTensor } from './golden';

export const golden = loadGolden('pictures');

const [, tokens = 0, width = 0] = golden.get('in.encoder_hidden_states')!.shape;

/** Texts '0' and '1' are the rows of the case's context; any other text is row 0. */
const tokenizer = {
  vocabSize: 2,
  modelMaxLength: 1,
  encode: (texts: string | readonly string[]) => {
    const list = [texts].flat();
    const input_ids = Int32Array.from(list, (text) => (text === '1' ? 1 : 0));
    return { input_ids, shape: [list.length, 1] as const };
  },
};
const textEncoder = {
  config: { hidden_size: width, vocab_size: 2 },
  lastHiddenState: (ids: tf.Tensor2D) =>
    tf.tidy(() => {
      const context = tf.tensor3d(golden.get('in.encoder_hidden_states')!.data, [2, tokens, width]);
      return gatherRows(context, tf.reshape(ids, [-1])) as tf.Tensor3D;
    }),
};

/** Pixels as they are; `last` is what was decoded last, before it is clipped, in torch's order. */
export function seeingCodec(): Codec & { last: Float32Array } {
  const codec = {
    ...pixelCodec,
    last: new Float32Array(0) as Float32Array,
    decode: (latents: tf.Tensor4D) => {
      codec.last = tf.tidy(() => tf.transpose(latents, [0, 3, 1, 2]).dataSync<'float32'>());
      return latents.clone();
    },
  };
  return codec;
}

/** Parts of a pipeline over the case's UNet. */
export function pictureParts<S extends Sampler>(folder: string, scheduler: S) {
  const unet = UNet2DConditionModel.fromPretrained(folder);
  return { unet, textEncoder, tokenizer, scheduler, codec: seeingCodec() };
}

/** [N, 1, H, W] as [N, H, W, 1]. */
export function pictureOf({ shape, data }: GoldenTensor): NdArray<Float32Array> {
  const [N = 0, , H = 0, W = 0] = shape;
  return ndarray(Float32Array.from(data), [N, H, W, 1]);
}

/** The case's pictures, 0 to 1. */
export function givenImage(): NdArray<Float32Array> {
  const drawn = golden.get('in.image')!;
  return pictureOf({ shape: drawn.shape, data: Float32Array.from(drawn.data, (x) => x + 0.5) });
}
