// Writes the words of all emoji's captions, which scripts/trim_tokenizer.py keeps:
//   node scripts/emoji-words.mjs > data/emoji/words.txt
import { loadEmoji } from '../dist/index.js';

const { captions } = loadEmoji({ split: 'all', tones: true, size: 8 });
const words = new Set(
  captions.flatMap((caption) => caption.toLowerCase().match(/[a-z]+|\d/g) ?? []),
);
process.stdout.write([...words].sort().join('\n') + '\n');
