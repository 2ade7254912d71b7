/** Prompts as conditioning. */
import { tf } from '../backend';
import { mapExtras, type Conditioning, type ModelExtras } from '../conditioning/conditioning';
import { quoted, unknownTexts } from '../conditioning/learnt-captions';
import type { TextEncoder, TextTokenizer } from '../conditioning/text-encoder';
import { gatherRows } from '../nn/gather-rows';
import { notice } from '../notices';

export interface EncodeTextsOptions {
  /** What the model was trained with, if that is known. */
  readonly captions?: readonly string[] | undefined;
  /** Texts that something was said of already; what is said now is added. */
  readonly told?: Set<string> | undefined;
  /** Default: a line in the notebook's cell, or a warning of the process, where there is one. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/**
 * Each distinct text encoded once. Of one that is cut, or else is no caption that the model knows, a line is said.
 *
 * @returns [texts.length, tokenizer.modelMaxLength, C]; the caller disposes it
 */
export function encodeTexts(
  tokenizer: TextTokenizer,
  textEncoder: TextEncoder,
  texts: readonly string[],
  { captions, told = new Set(), onWarning }: EncodeTextsOptions = {},
): tf.Tensor3D {
  const distinct = [...new Set(texts)];
  const { input_ids, shape, truncated = [] } = tokenizer.encode(distinct);
  const unknown = captions && unknownTexts(distinct, captions, tokenizer);
  for (const [i, text] of distinct.entries()) {
    const cut = truncated[i] ?? '';
    const lines = [
      cut !== '' ? truncationMessage(text, cut, shape[1]) : undefined,
      unknown?.get(text),
    ];
    const line = lines.filter((said) => said !== undefined).join(' ');
    if (line === '' || told.has(text)) continue;
    told.add(text);
    if (onWarning) onWarning(line);
    else notice(line, cut !== '' ? 'TruncationWarning' : 'PromptWarning');
  }
  return tf.tidy(() => {
    const ids = tf.tensor2d(input_ids, [shape[0], shape[1]], 'int32');
    const rows = texts.map((text) => distinct.indexOf(text));
    const hidden = textEncoder.lastHiddenState(ids);
    return gatherRows(hidden, tf.tensor1d(rows, 'int32')) as tf.Tensor3D;
  });
}

/** As diffusers' warning, with the prompt that it is about. */
function truncationMessage(prompt: string, cut: string, length: number): string {
  return (
    `The following part of your input was truncated because the model takes sequences up to ${length} tokens: ` +
    `[${quoted(cut)}], of ${quoted(prompt)}.`
  );
}

/** The extras for a guided step, where every image is predicted twice; the caller disposes them. */
export function twice(extras: ModelExtras): ModelExtras {
  return mapExtras(extras, (x) => tf.concat([x, x]));
}

export function disposeExtras(extras: ModelExtras): void {
  tf.dispose(Object.values(extras).flat() as tf.Tensor[]);
}

/** @throws RangeError if an extra is no tensor, or does not have a row for each of `count` images */
export function checkExtras(extras: ModelExtras, count: number): void {
  for (const [name, value] of Object.entries(extras)) {
    for (const tensor of value === undefined ? [] : [value].flat()) {
      if (tensor instanceof tf.Tensor && tensor.shape[0] === count) continue;
      const got = tensor instanceof tf.Tensor ? `[${tensor.shape.join(', ')}]` : typeof tensor;
      throw new RangeError(
        `generate: extras.${name}: expected a tensor [${count}, …], a row for each image, got ${got}.`,
      );
    }
  }
}

/** The unguided half of a conditioning: its last `count` rows. */
export function promptsOnly({ encoderHiddenStates }: Conditioning, count: number): tf.Tensor3D {
  return tf.slice(encoderHiddenStates, [encoderHiddenStates.shape[0] - count, 0, 0]);
}
