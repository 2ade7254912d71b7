import { tf } from '../backend';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import { gatherRows } from '../nn/gather-rows';

/** The captions of a data set: text i belongs to label i. */
export interface CaptionTableOptions {
  readonly tokenizer: CLIPTokenizer;
  readonly textEncoder: CLIPTextModel;
  /** One caption per label. */
  readonly captions: readonly string[];
  /** Tokens of a caption, start and end included; padded or truncated. */
  readonly maxLength: number;
  /** Whether gradients flow into the text encoder. If not, the captions are encoded once for all. */
  readonly trainTextEncoder: boolean;
}

/** Where a training step gets its conditioning from. */
export interface CaptionEmbeddings {
  /** @param labels int32 [B] @returns [B, L, C]; the caller disposes it */
  hiddenStates(labels: tf.Tensor1D): tf.Tensor3D;
}

/**
 * The embeddings of all captions and of the empty text. A batch has many images but few distinct
 * captions, so each caption is encoded once a step and its embedding gathered for every image that has
 * it: the same numbers and gradients as encoding all of them, for a fraction of the work.
 */
export class CaptionTable implements CaptionEmbeddings {
  /** Row of the empty text, which stands for "no caption". */
  readonly nullIndex: number;
  private readonly ids: tf.Tensor2D;
  /** A variable, so that traced steps see it when it is encoded anew. */
  private readonly frozen: tf.Variable<tf.Rank.R3> | null;
  private readonly textEncoder: CLIPTextModel;

  constructor(options: CaptionTableOptions) {
    const { tokenizer, textEncoder, captions, maxLength, trainTextEncoder } = options;
    const { input_ids, shape } = tokenizer.encode([...captions, ''], { maxLength });
    this.nullIndex = captions.length;
    this.textEncoder = textEncoder;
    this.ids = tf.tensor2d(input_ids, [shape[0], shape[1]], 'int32');
    try {
      this.frozen = trainTextEncoder ? null : tf.tidy(() => tf.variable(this.encode(), false));
    } catch (error) {
      this.ids.dispose();
      throw error;
    }
  }

  private encode(): tf.Tensor3D {
    return this.textEncoder.lastHiddenState(this.ids); // [K, L, C]
  }

  /** To be called when the weights of a frozen text encoder were changed from outside. */
  refresh(): void {
    tf.tidy(() => this.frozen?.assign(this.encode()));
  }

  /**
   * @param labels int32 [B], 0…captions.length (the last stands for the empty text)
   * @returns [B, maxLength, hidden_size]; the caller disposes it
   */
  hiddenStates(labels: tf.Tensor1D): tf.Tensor3D {
    return tf.tidy(() => {
      return gatherRows(this.frozen ?? this.encode(), labels) as tf.Tensor3D;
    });
  }

  dispose(): void {
    tf.dispose([this.ids, ...(this.frozen ? [this.frozen] : [])]);
  }
}

/** @throws RangeError if a label has no caption: its row would be the empty text's, or none */
export function checkLabels(labels: Uint8Array, captions: readonly string[]): void {
  const position = labels.findIndex((label) => label >= captions.length);
  if (position < 0) return;
  throw new RangeError(
    `Trainer: expected a caption for every label, got label ${labels[position]} at position ` +
      `${position} and ${captions.length} captions. Pass one caption per label as captions.`,
  );
}
