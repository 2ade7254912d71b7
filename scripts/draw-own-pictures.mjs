// Draws the pictures of data/own-pictures, five things in five colours but for one pair, and their captions:
//   node scripts/draw-own-pictures.mjs
import fs from 'node:fs';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { inRoot } from './setup/paths.mjs';

/** Each colour with a darker one. */
const COLOURS = {
  red: ['#e5383b', '#8f1d20'],
  yellow: ['#ffd23f', '#b98a00'],
  green: ['#3fa34d', '#1c5a27'],
  blue: ['#3a86ff', '#1b4592'],
  purple: ['#9b5de5', '#542a8a'],
};
/** Bodies of an SVG of 64 × 64, by colour and the darker one. */
const THINGS = {
  boat: (main, dark) =>
    `<path d="M6 40h52l-9 15H15z" fill="${dark}"/><path d="M34 6v30h20z" fill="${main}"/>` +
    `<path d="M30 12v24H13z" fill="${main}"/><path d="M31 4h3v36h-3z" fill="${dark}"/>`,
  house: (main, dark) =>
    `<path d="M32 6 4 32h56z" fill="${dark}"/><path d="M11 30h42v27H11z" fill="${main}"/>` +
    `<path d="M27 40h11v17H27z" fill="${dark}"/>`,
  fish: (main, dark) =>
    `<path d="M42 32 60 16v32z" fill="${dark}"/><ellipse cx="28" cy="32" rx="24" ry="16" fill="${main}"/>` +
    `<path d="M26 20q10 12 0 24z" fill="${dark}"/><circle cx="14" cy="28" r="3.5" fill="#fff"/>` +
    `<circle cx="14" cy="28" r="2" fill="#222"/>`,
  flower: (main, dark) =>
    [0, 72, 144, 216, 288]
      .map(
        (turn) =>
          `<circle cx="32" cy="17" r="12" fill="${main}" transform="rotate(${turn} 32 32)"/>`,
      )
      .join('') + `<circle cx="32" cy="32" r="9" fill="${dark}"/>`,
  mushroom: (main, dark) =>
    `<path d="M24 34h16l4 24H20z" fill="${dark}"/><path d="M4 36a28 28 0 0 1 56 0z" fill="${main}"/>` +
    `<circle cx="22" cy="22" r="5" fill="#fff"/><circle cx="42" cy="26" r="4" fill="#fff"/>`,
};
/** The pair that is left out: can a model that never saw it draw it? */
const LEFT_OUT = 'purple fish';

const folder = inRoot('data', 'own-pictures');
fs.mkdirSync(folder, { recursive: true });
const rows = [];
for (const [thing, body] of Object.entries(THINGS)) {
  for (const [colour, tones] of Object.entries(COLOURS)) {
    if (`${colour} ${thing}` === LEFT_OUT) continue;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">${body(...tones)}</svg>`;
    const options = { fitTo: { mode: 'width', value: 64 }, background: '#fff' };
    const image = new Resvg(svg, { ...options, font: { loadSystemFonts: false } }).render();
    const file = `${colour}-${thing}.png`;
    fs.writeFileSync(path.join(folder, file), image.asPng());
    rows.push({ file_name: file, text: `a ${colour} ${thing}` });
  }
}
const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
fs.writeFileSync(path.join(folder, 'metadata.jsonl'), lines.join(''));
console.log(`${rows.length} pictures in ${folder}`);
