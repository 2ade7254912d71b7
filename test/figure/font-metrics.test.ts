import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { fontFiles, openSans, textWidth, wrapText } from '../../lib/figure/font-metrics';

/** The width at which resvg draws a text: the right edge of a bar put behind it shows it. */
function drawnWidth(text: string, weight: number): number {
  const svg = (content: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="100"><text x="0" y="50"
      font-family="Open Sans" font-size="100" font-weight="${weight}">${content}</text></svg>`;
  const right = (content: string) => {
    const image = new Resvg(svg(content), {
      font: { loadSystemFonts: false, fontFiles: fontFiles() },
    });
    const box = image.getBBox();
    return box ? box.x + box.width : 0;
  };
  return right(`${text}|`) - right('|'); // the bar's own shape cancels out
}

describe('textWidth', () => {
  it.each(['loss 0.0457', 'A handwritten digit 4', 'image √ᾱ', 'ÀÉñ — Ω'])(
    'measures %s',
    (text) => {
      expect(textWidth(text, 100)).toSatisfy(
        (width: number) => Math.abs(width - drawnWidth(text, 400)) < 0.02 * width,
      );
      expect(textWidth(text, 100, 'bold')).toSatisfy(
        (width: number) => Math.abs(width - drawnWidth(text, 600)) < 0.02 * width,
      );
    },
  );

  it('knows the height of the font', () => {
    // Open Sans: ascender 2189, descender -600 of 2048 units.
    expect(openSans().ascent).toBeCloseTo(2189 / 2048, 6);
    expect(openSans().descent).toBeCloseTo(600 / 2048, 6);
  });

  it('says which characters are missing', () => {
    expect(openSans().advance(0x6f22)).toBeUndefined(); // 漢
    expect(textWidth('漢', 10)).toBe(6);
  });
});

describe('wrapText', () => {
  it('breaks at spaces, and inside a word only where it must', () => {
    const width = textWidth('wwww ww', 10);
    expect(wrapText('wwww ww wwwwwwww', width, 10)).toEqual(['wwww ww', 'wwwwww', 'ww']);
  });

  it('keeps line breaks and short text', () => {
    expect(wrapText('a\nb c', 500, 10)).toEqual(['a', 'b c']);
    expect(wrapText('', 500, 10)).toEqual(['']);
  });

  it('puts at least one character in a line', () => {
    expect(wrapText('abc', 1, 10)).toEqual(['a', 'b', 'c']);
  });
});

it('keeps a number with the word before it', () => {
  const [narrow, wide] = [textWidth('A handwritten', 13), textWidth('A handwritten digit', 13)];
  expect(wrapText('A handwritten digit 7', narrow + 1, 13)).toEqual(['A handwritten', 'digit 7']);
  expect(wrapText('A handwritten digit 7', wide + 1, 13)).toEqual(['A handwritten', 'digit 7']);
  expect(wrapText('digit 7', textWidth('digit', 13) + 1, 13)).toEqual(['digit', '7']);
});
