// Draws every emoji of an installed version of the icon packages, each part in a process of its own, since a drawing that
// resvg does not bear ends the process. Prints the code points of those that do.
//   node scripts/try-emoji.mjs @iconify-json/noto
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { squareSvg } from '../dist/image-datasets/emoji/icons.js';

const require = createRequire(import.meta.url);
const [name, from, to] = process.argv.slice(2);
if (name === undefined) {
  console.error('Usage: node scripts/try-emoji.mjs PACKAGE');
  process.exit(2);
}
const read = (file) => JSON.parse(readFileSync(require.resolve(`${name}/${file}.json`), 'utf8'));
const set = read('icons');
const chars = Object.entries(read('chars')).filter(([, icon]) => set.icons[icon]);

if (from !== undefined) {
  const { Resvg } = require('@resvg/resvg-js');
  for (const [, icon] of chars.slice(Number(from), Number(to))) {
    for (const value of [32, 64]) {
      const options = { fitTo: { mode: 'width', value }, background: '#fff' };
      new Resvg(squareSvg(set, set.icons[icon]), {
        ...options,
        font: { loadSystemFonts: false },
      }).render();
    }
  }
} else {
  /** Whether all of a range are drawn; of a range that is not, its halves are tried. */
  const failing = (start, end) => {
    const script = fileURLToPath(import.meta.url);
    const { status } = spawnSync(process.execPath, [script, name, String(start), String(end)]);
    if (status === 0) return [];
    if (end - start === 1) return [chars[start]];
    const middle = Math.floor((start + end) / 2);
    return [...failing(start, middle), ...failing(middle, end)];
  };
  const bad = failing(0, chars.length);
  for (const [code, icon] of bad) console.log(`${code} ${icon}`);
  console.log(`${bad.length} of ${chars.length} end the process`);
}
