/** Folders of what the package brings for emoji. */
import path from 'node:path';

/** The same from lib/emoji and from dist/emoji. */
const PACKAGE = path.join(__dirname, '..', '..');

/** The folder of the tokenizer cut for the captions of emoji. */
export const EMOJI_TOKENIZER = path.join(PACKAGE, 'data', 'clip-tokenizer-emoji');

/** The folder of the judge of pictures and captions. */
export const EMOJI_JUDGE = path.join(PACKAGE, 'checkpoints', 'emoji-judge');

/** The folder of the trained model of emoji that ships; its README.md says how it was trained, and how well it draws. */
export const EMOJI_MODEL = path.join(PACKAGE, 'checkpoints', 'emoji-text-to-image');
