/** Which captions a model was trained with, as long as that is known; and what to say of a text that is none of them. */
import type { TextTokenizer } from './text-encoder';

/** More distinct captions than this are not kept. */
export const MOST_CAPTIONS = 10_000;

/** Up to so many a text must be one of them; a model of more is asked for what it never saw as a whole. */
const FEW = 100;

const learnt = new WeakMap<object, readonly string[]>();

/** Notes that a model is trained with these, beside those from before. */
export function noteCaptions(model: object, captions: readonly string[]): void {
  const all = [...new Set([...(learnt.get(model) ?? []), ...captions])];
  if (all.length > 0 && all.length <= MOST_CAPTIONS) learnt.set(model, all);
  else learnt.delete(model);
}

/** The captions that a model was trained with; undefined where nobody knows. */
export function learntCaptions(model: object): readonly string[] | undefined {
  return learnt.get(model);
}

/** Words, numbers and single signs, in lower case. */
const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/\p{L}[\p{L}\p{M}]*|\p{N}+|[^\s\p{L}\p{N}]/gu) ?? [];

/**
 * @param captions that the model was trained with
 * @returns a line for each text that is none of them, by text; the empty text is none to speak of
 */
export function unknownTexts(
  texts: readonly string[],
  captions: readonly string[],
  tokenizer: TextTokenizer,
): Map<string, string> {
  const known = new Set(captions);
  const others = texts.filter((text) => text.trim() !== '' && !known.has(text));
  if (others.length === 0) return new Map();
  const tokens = new Set(rowsOf(tokenizer, captions));
  const words = new Set(captions.flatMap(wordsOf));
  const rows = rowsOf(tokenizer, others);
  const told = others.flatMap((text, i) => {
    if (tokens.has(rows[i]!)) return []; // only in another spelling
    const unseen = [...new Set(wordsOf(text))].filter((word) => !words.has(word));
    if (unseen.length === 0 && captions.length > FEW) return [];
    return [[text, lineOf(text, unseen, captions)] as const];
  });
  return new Map(told);
}

/** Each text's token ids, as one text. */
function rowsOf(tokenizer: TextTokenizer, texts: readonly string[]): string[] {
  const { input_ids, shape } = tokenizer.encode(texts);
  return texts.map((_, i) => input_ids.subarray(i * shape[1], (i + 1) * shape[1]).join());
}

/** A text as a line says it: texts may be long. */
export const quoted = (text: string) =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 79).replace(/[\ud800-\udbff]$/, '')}…` : text);

function lineOf(text: string, unseen: readonly string[], captions: readonly string[]): string {
  const some = unseen.slice(0, 5).map(quoted).join(', ');
  const more = unseen.length > 5 ? ` and ${unseen.length - 5} more` : '';
  const never = unseen.length > 0 ? `it never saw ${some}${more}, and` : 'it';
  const texts = captions.length === 1 ? 'the caption' : `any of the ${captions.length} captions`;
  return (
    `${quoted(text)} is not ${texts} that the model was trained with: ${never} may draw anything. ` +
    `It knows texts such as ${quoted(captions[0]!)}.`
  );
}
