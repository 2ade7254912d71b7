import { Generator } from '../../lib/random';

/** First and last of what is drawn from: scripts, signs, marks, white space, controls, and all of Unicode. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x61, 0x7a],
  [0x41, 0x5a],
  [0x30, 0x39],
  [0x00, 0x1f],
  [0x80, 0xff],
  [0x100, 0x24f],
  [0x300, 0x36f], // combining marks
  [0x370, 0x3ff], // Greek
  [0x400, 0x52f],
  [0x590, 0x5ff],
  [0x600, 0x8ff],
  [0x900, 0xdff],
  [0xe00, 0xeff],
  [0x1100, 0x11ff], // Hangul, to be composed
  [0xac00, 0xd7a3],
  [0x1ab0, 0x1aff],
  [0x1c80, 0x1c8f],
  [0x1d00, 0x1eff],
  [0x1f00, 0x1fff],
  [0x2000, 0x206f], // spaces and joiners
  [0x2070, 0x2bff],
  [0x2c00, 0x2dff],
  [0x3000, 0x30ff],
  [0x4e00, 0x9fff],
  [0xa640, 0xa7ff],
  [0xab30, 0xabbf],
  [0xd800, 0xdfff], // halves of pairs
  [0xf900, 0xfdff],
  [0xfe00, 0xffff],
  [0x10400, 0x105ff],
  [0x10880, 0x110ff],
  [0x11300, 0x113ff],
  [0x11900, 0x11fff],
  [0x16100, 0x16fff],
  [0x1d400, 0x1d7ff],
  [0x1e000, 0x1e9ff],
  [0x1f1e6, 0x1f1ff],
  [0x1f300, 0x1faff],
  [0x20000, 0x3ffff],
  [0x0, 0x10ffff],
];

/** What decides between two ways to cut a text. */
const PIECES = [
  ...[
    '<|startoftext|>',
    '<|endoftext|>',
    '<|ENDOFTEXT|>',
    '<|StartOfText|>',
    '<|end',
    'oftext|>',
    '|>',
    '<|',
  ],
  ..."'s 't 're 've 'm 'll 'd 'S 'T 'RE 'LL ' ''s".split(' '),
  ...[
    'Σ',
    'ΑΣ',
    'ΑΣ.',
    'Σς',
    'İ',
    'ı',
    'ß',
    'ẞ',
    'ŉ',
    'ǅ',
    'ﬁ',
    'K',
    'Å',
    'Ω',
    'Ⅷ',
    '½',
    '²',
    '٣',
    '１',
  ],
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\u00a0',
    '\u0085',
    '\u2028',
    '\u3000',
    '\ufeff',
    '\u180e',
    '\u200b',
  ],
  ...[
    'e\u0301',
    '\u0301',
    '\u0323\u0307',
    'a\u0315\u0300\u05ae\u0327',
    '가',
    '각',
    '\u{11935}\u{11930}',
  ],
  ...[
    '👩‍👩‍👧',
    '🏳️‍🌈',
    '🇩🇪',
    '❤️',
    '</w>',
    '<new>',
    '<NEW>',
    'handwritten',
    'digit',
    'A',
    '4',
    '\ud83d',
    '\udc69',
  ],
  ...[
    'Ꞌ',
    'Ᲊ',
    '\u{10D50}',
    '\u{A7CB}',
    '\u{1E900}',
    '\u088f',
    '\u{11DB0}x',
    '\u07fd\u0301',
    '!',
    '!!',
    '_',
  ],
];

/** Texts of 0 to 40 characters or so, the same for the same seed. */
export function randomTexts(count: number, seed: number): string[] {
  const stream = new Generator(seed).stream('texts');
  let [a] = stream.at(0);
  const below = (limit: number) => {
    a = (Math.imul(a, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator: quick, and good enough to choose
    return Math.floor((a / 2 ** 32) * limit);
  };
  const character = ([from, to]: readonly [number, number]) =>
    String.fromCodePoint(from + below(to - from + 1));
  return Array.from({ length: count }, () => {
    const scripts = Array.from({ length: 1 + below(3) }, () => RANGES[below(RANGES.length)]!);
    const units = below(4) === 0 ? below(40) : below(12);
    return Array.from({ length: units }, () => {
      const kind = below(6);
      if (kind === 0) return PIECES[below(PIECES.length)]!;
      if (kind === 1) return ' ';
      return character(scripts[below(scripts.length)]!);
    }).join('');
  });
}
