/**
 * The captions of a data set as conditioning: rows of token ids on the device, encoded inside of each step.
 *
 * A batch has many images but few distinct captions, where captions are few: then each is encoded once a step and its
 * embedding gathered for every image that has it, with the same numbers and gradients as encoding all of them, for a
 * fraction of the work. Where they are many, a step encodes those of its batch. Either way a batch size has one shape.
 */
import { tf } from '../backend';
import { gatherRows } from '../nn/gather-rows';
import type { TextEncoder, TextTokenizer } from './text-encoder';

export interface CaptionTableOptions {
  readonly tokenizer: TextTokenizer;
  readonly textEncoder: TextEncoder;
  /** Caption i belongs to id i. */
  readonly captions: readonly string[];
  /** Tokens of a caption, start and end included; padded or cut. */
  readonly maxLength: number;
  /** Whether gradients flow into the text encoder. If not, embeddings are kept where they are small enough. */
  readonly trainTextEncoder: boolean;
}

/** Up to so many captions are all encoded at each step, whatever the batch's size. */
const FEW = 64;
/** Embeddings of a frozen encoder are kept up to this size; above it they are computed for each batch. */
const KEPT_BYTES = 64 * 2 ** 20;

export class CaptionTable {
  /** The id of the empty text, which stands for "no caption". */
  readonly emptyId: number;
  /** int32 [K + 1, L]: the captions' tokens, and those of the empty text. */
  private readonly inputIds: tf.Tensor2D;
  /** [K + 1, L, C]. A variable, so that traced steps see it when it is encoded anew. */
  private readonly frozen: tf.Variable<tf.Rank.R3> | null;
  private readonly textEncoder: TextEncoder;

  /** @throws as the tokenizer, for a caption that is no text or a length that does not fit */
  constructor(options: CaptionTableOptions) {
    const { tokenizer, textEncoder, captions, maxLength, trainTextEncoder } = options;
    const { input_ids, shape } = tokenizer.encode([...captions, ''], { maxLength });
    this.emptyId = captions.length;
    this.textEncoder = textEncoder;
    this.inputIds = tf.tensor2d(input_ids, [shape[0], shape[1]], 'int32');
    const bytes = shape[0] * shape[1] * textEncoder.config.hidden_size * 4;
    try {
      const isKept = !trainTextEncoder && bytes <= KEPT_BYTES;
      this.frozen = isKept ? tf.tidy(() => tf.variable(this.encodeAll(), false)) : null;
    } catch (error) {
      this.inputIds.dispose();
      throw error;
    }
  }

  private encodeAll(): tf.Tensor3D {
    return this.textEncoder.lastHiddenState(this.inputIds); // [K + 1, L, C]
  }

  /** To be called when the weights of a frozen text encoder were changed from outside. */
  refresh(): void {
    tf.tidy(() => this.frozen?.assign(this.encodeAll()));
  }

  /**
   * @param captionIds int32 [B], 0…captions.length (the last stands for the empty text)
   * @returns [B, maxLength, hidden_size]; the caller disposes it
   */
  encoderHiddenStates(captionIds: tf.Tensor1D): tf.Tensor3D {
    return tf.tidy(() => {
      if (this.frozen) return gatherRows(this.frozen, captionIds) as tf.Tensor3D;
      const count = this.inputIds.shape[0];
      if (count <= Math.max(FEW, captionIds.shape[0])) {
        return gatherRows(this.encodeAll(), captionIds) as tf.Tensor3D;
      }
      return this.textEncoder.lastHiddenState(gatherRows(this.inputIds, captionIds) as tf.Tensor2D);
    });
  }

  /**
   * The same, and for as many rows that of the empty text, encoded together.
   *
   * @returns [B, maxLength, hidden_size] each; the caller disposes them
   */
  withEmpty(
    captionIds: tf.Tensor1D,
  ): Record<'encoderHiddenStates' | 'emptyHiddenStates', tf.Tensor3D> {
    return tf.tidy(() => {
      const B = captionIds.shape[0];
      const ids = tf.concat([captionIds, tf.tensor1d([this.emptyId], 'int32')]);
      const [own, empty] = tf.split(this.encoderHiddenStates(ids), [B, 1]) as tf.Tensor3D[];
      return { encoderHiddenStates: own!, emptyHiddenStates: tf.tile(empty!, [B, 1, 1]) };
    });
  }

  dispose(): void {
    tf.dispose([this.inputIds, ...(this.frozen ? [this.frozen] : [])]);
  }
}
