/**
 * Widths of text in Open Sans, read from its TrueType files: jsdom draws nothing, so plotly cannot
 * measure its labels there. Format: the OpenType specification's cmap, head, hhea, hmtx tables.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const FONT_PACKAGE = '@expo-google-fonts/open-sans';
const FONT_FILES = {
  regular: '400Regular/OpenSans_400Regular.ttf',
  italic: '400Regular_Italic/OpenSans_400Regular_Italic.ttf',
  bold: '600SemiBold/OpenSans_600SemiBold.ttf',
} as const;

export type FontStyle = keyof typeof FONT_FILES;

/** All measures in ems: multiply by the font size. */
export interface FontMetrics {
  readonly ascent: number;
  readonly descent: number;
  /** The glyph's advance, or undefined if the font lacks the character. */
  advance(codePoint: number): number | undefined;
}

/** The paths of the font's files, for the renderer. */
export function fontFiles(): string[] {
  const { resolve } = createRequire(__filename);
  return Object.values(FONT_FILES).map((file) => resolve(`${FONT_PACKAGE}/${file}`));
}

/** Glyph number by code point, from a cmap of format 4 (the basic plane). */
function readCharacterMap(font: DataView, cmap: number): Map<number, number> {
  const glyphs = new Map<number, number>();
  for (let i = 0; i < font.getUint16(cmap + 2); i++) {
    const table = cmap + font.getUint32(cmap + 4 + 8 * i + 4);
    if (font.getUint16(table) !== 4) continue;
    const twiceSegments = font.getUint16(table + 6);
    for (let segment = 0; segment < twiceSegments; segment += 2) {
      const ends = table + 14 + segment;
      const starts = ends + twiceSegments + 2;
      const deltas = starts + twiceSegments;
      const offsets = deltas + twiceSegments;
      const start = font.getUint16(starts);
      const rangeOffset = font.getUint16(offsets);
      for (let code = start; code <= font.getUint16(ends) && code < 0xffff; code++) {
        const raw = rangeOffset ? font.getUint16(offsets + rangeOffset + 2 * (code - start)) : code;
        if (raw !== 0) glyphs.set(code, (raw + font.getUint16(deltas)) & 0xffff);
      }
    }
    return glyphs;
  }
  throw new Error('Expected a font with a cmap table of format 4, found none.');
}

/** Reads what is needed to measure text from a TrueType file. */
export function parseFontMetrics(file: Uint8Array): FontMetrics {
  const font = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tables = new Map<string, number>();
  for (let i = 0; i < font.getUint16(4); i++) {
    const record = 12 + 16 * i;
    tables.set(
      String.fromCharCode(...file.subarray(record, record + 4)),
      font.getUint32(record + 8),
    );
  }
  const table = (tag: string): number => {
    const start = tables.get(tag);
    if (start === undefined) throw new Error(`Expected a font with a ${tag} table, found none.`);
    return start;
  };
  const unitsPerEm = font.getUint16(table('head') + 18);
  const glyphs = readCharacterMap(font, table('cmap'));
  const measured = font.getUint16(table('hhea') + 34);
  return {
    ascent: font.getInt16(table('hhea') + 4) / unitsPerEm,
    descent: -font.getInt16(table('hhea') + 6) / unitsPerEm,
    advance(codePoint) {
      const glyph = glyphs.get(codePoint);
      if (glyph === undefined) return undefined;
      return font.getUint16(table('hmtx') + 4 * Math.min(glyph, measured - 1)) / unitsPerEm;
    },
  };
}

const loaded = new Map<FontStyle, FontMetrics>();

/** Metrics of Open Sans, read when first asked for. */
export function openSans(style: FontStyle = 'regular'): FontMetrics {
  let metrics = loaded.get(style);
  if (!metrics) {
    const path = createRequire(__filename).resolve(`${FONT_PACKAGE}/${FONT_FILES[style]}`);
    loaded.set(style, (metrics = parseFontMetrics(readFileSync(path))));
  }
  return metrics;
}

/** The width of one line of text, in the unit of `size`; kerning is left out. */
export function textWidth(text: string, size: number, style: FontStyle = 'regular'): number {
  const font = openSans(style);
  let width = 0;
  for (const character of text) width += font.advance(character.codePointAt(0) ?? 0) ?? 0.6;
  return width * size;
}

/**
 * Breaks text into lines no wider than `width`, at spaces where it can, else inside a word; not before a number of up to three
 * digits, unless it must: "digit 7" stays together.
 * Line breaks of the text are kept.
 */
export function wrapText(
  text: string,
  width: number,
  size: number,
  style: FontStyle = 'regular',
): string[] {
  const fits = (line: string) => textWidth(line, size, style) <= width;
  const lines: string[] = [];
  for (const paragraph of text.split(/\r\n?|\n/)) {
    let line = '';
    const words = paragraph
      .split(/ (?!\d{1,3}(?: |$))/)
      .flatMap((word) => (fits(word) ? [word] : word.split(' ')));
    for (const word of words) {
      const joined = line ? `${line} ${word}` : word;
      if (fits(joined)) {
        line = joined;
        continue;
      }
      if (line) lines.push(line);
      line = '';
      for (const character of word) {
        if (line && !fits(line + character)) {
          lines.push(line);
          line = '';
        }
        line += character;
      }
    }
    lines.push(line);
  }
  return lines;
}
