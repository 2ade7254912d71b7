/** Places of dist/ as places of lib/, against the texts of both. */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
const { inLibraryLines, libraryPlace } = loadScript<{
  inLibraryLines: (frame: string) => string;
  libraryPlace: (file: string, line: number, column: number) => Place | null;
}>('../kernel/library-traces.cjs');

/** Line and column, from 1, of a text in a file. */
function find(file: string, text: string): [line: number, column: number] {
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const line = lines.findIndex((one) => one.includes(text));
  return [line + 1, lines[line]!.indexOf(text) + 1];
}

const dist = path.join(root, 'dist', 'schedulers', 'samplers.js');
const lib = path.join(root, 'lib', 'schedulers', 'samplers.ts');

it.each(['new RangeError(', "name === 'flow'", 'definedKeys)(changes'])('%s', (text) => {
  const [line, column] = find(dist, text);
  const source = text === 'definedKeys)(changes' ? 'definedKeys(changes' : text;
  const [wantedLine] = find(lib, source);
  expect(libraryPlace(dist, line, column)).toMatchObject({ file: lib, line: wantedLine });
  expect(libraryPlace(pathToFileURL(dist).href, line, column)?.line).toBe(wantedLine);
});

it('a frame keeps its other words, and other files stay', () => {
  const [line, column] = find(dist, 'new RangeError(');
  const [wanted, wantedColumn] = find(lib, 'new RangeError(');
  expect(inLibraryLines(`    at Object.makeSampler (${dist}:${line}:${column})`)).toBe(
    `    at Object.makeSampler (${lib}:${wanted}:${wantedColumn})`,
  );
  const tfjs = path.join(root, 'node_modules', '@tensorflow', 'tfjs-core', 'dist', 'engine.js');
  for (const frame of [
    '    at In[3]:1:1',
    `    at f (${tfjs}:10:5)`,
    '    at f (/nowhere/dist/x.js:1:2)',
    '    at node:internal/modules/run_main:117:5',
  ]) {
    expect(inLibraryLines(frame)).toBe(frame);
  }
});
