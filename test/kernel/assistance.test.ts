/** Tab and Shift+Tab on the real kernel: what the editor is told, by Jupyter's protocol. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryRoot } from '../support/temporary';
import { runPython } from './run-python';

const cell = `
import * as sd from 'stable-diffusion-mnist/notebook';
interface Options {
  /** How fast. Default 5. */
  speed?: number;
  /** In which colour. */
  colour: string;
}
/**
 * Draws a line.
 *
 * @param width in pixels
 * @param options how it looks
 * @throws RangeError if it is too wide
 */
function draw(width: number, options: Options): string { return String(width); }
/** A shelf. */
class Shelf {
  /** Books on it. */
  books = 1; count() { return this.books } }
const shelf = new Shelf();
type Shape = string;
`;

/** What the text/plain of an inspection has to hold. */
const inspected: [text: string, ...parts: (string | RegExp)[]][] = [
  ['dra|w', 'draw(width: number, options: Options): string', 'Draws a line.', 'Throws: RangeError'],
  ['draw|', '`width`: in pixels', 'speed?: number', 'How fast. Default 5.'],
  ['draw(|)', 'draw(width: number, options: Options)', '`width`: in pixels', 'Draws a line.'],
  ['draw(1, |)', '`options`: how it looks', '- `speed?: number` How fast. Default 5.'],
  ['draw(1, { sp|eed: 2, colour: "x" })', 'draw(width', 'Options.speed?: number', 'How fast.'],
  ['draw(Math.max(1, |))', /^max\(/, 'numeric expressions'],
  ['shelf.boo|ks', 'Shelf.books: number', 'Books on it.'],
  ['new She|lf()', 'Shelf', 'A shelf.'],
  ['const 𝒙 = "😀"; draw(|)', 'draw(width', '`width`: in pixels'],
  ['%time dra|w(1, { colour: "x" })', 'draw(width'],
  ['sd.imageGrid(images, |)', 'imageGrid(', 'columns?: number', 'Default: as many as fit'],
  ["import { imageG|rid } from '../lib/charts/image-grid.ts'", 'imageGrid(', 'columns?: number'],
  ['sd.noiseSch|edule', 'noiseSchedule(', 'Ho et al. 2020', 'Throws'],
];

/** Names that a completion has to offer, with the kinds that JupyterLab has icons for. */
const completed: [text: string, kinds: Record<string, string>][] = [
  ['dr|', { draw: 'function' }],
  ['She|', { Shelf: 'class' }],
  ['she|', { shelf: 'instance' }],
  ['shelf.|', { books: 'property', count: 'function' }],
  ['let s: Sha|', { Shape: 'class' }],
  ['cons|', { const: 'keyword', console: 'instance' }],
  ['s|', { sd: 'module' }],
  ['sd.image|', { imageGrid: 'function' }],
  ['sd.Train|', { Trainer: 'class' }],
  ['draw(1, { |})', { speed: 'property', colour: 'property' }],
  ["import * as x from 'node:pat|'", { 'node:path': 'module' }],
  ["import { imageG| } from '../lib/charts/image-grid.ts'", { imageGrid: 'function' }],
  ['const y = "😀"; shelf.bo|', { books: 'property' }],
];

interface Answer {
  readonly status: string;
  readonly found: boolean;
  readonly data: Record<string, string>;
  readonly matches: string[];
  readonly cursor_start: number;
  readonly cursor_end: number;
  readonly metadata: {
    readonly _jupyter_types_experimental: {
      readonly start: number;
      readonly end: number;
      readonly text: string;
      readonly type: string;
      readonly signature: string;
      readonly documentation?: string;
    }[];
  };
}

const folder = mkdtempSync(join(temporaryRoot, 'assistance-'));
let answers: Answer[];
const nowhere = ['nothingOfTheKind|', '1 |', '"text|"'];

beforeAll(async () => {
  const [plan, result] = [join(folder, 'plan.json'), join(folder, 'result.json')];
  const asked = [
    ...[...inspected.map(([text]) => text), ...nowhere].map((text) => ['inspect', text]),
    ...completed.map(([text]) => ['complete', text]),
  ];
  writeFileSync(plan, JSON.stringify({ cell, asked }));
  await runPython('assistance.py', plan, result, join(root, 'notebooks'));
  answers = JSON.parse(readFileSync(result, 'utf8')) as Answer[];
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe('inspection', () => {
  it.each(inspected.map(([text, ...parts], index) => [text, parts, index] as const))(
    '%s',
    (_, parts, index) => {
      const { status, found, data } = answers[index]!;
      expect([status, found]).toEqual(['ok', true]);
      for (const part of parts) {
        if (part instanceof RegExp) expect(data['text/plain']).toMatch(part);
        else expect(data['text/plain']).toContain(part);
      }
      expect(data['text/markdown']).toContain('```ts\n');
    },
  );

  it.each(nowhere.map((text, index) => [text, inspected.length + index] as const))(
    'finds nothing at %s',
    (_, index) => {
      expect(answers[index]).toEqual({ status: 'ok', found: false, data: {}, metadata: {} });
    },
  );
});

describe('completion', () => {
  it.each(completed.map(([text, kinds], index) => [text, kinds, index] as const))(
    '%s',
    (text, kinds, index) => {
      const answer = answers[inspected.length + nowhere.length + index]!;
      const types = answer.metadata._jupyter_types_experimental;
      expect(types.map((each) => each.text)).toEqual(answer.matches);
      const offered = Object.fromEntries(types.map((each) => [each.text, each.type]));
      expect(offered).toMatchObject(kinds);
      const cursor = [...text].indexOf('|'); // in code points
      expect(answer.cursor_end).toBeGreaterThanOrEqual(cursor);
      for (const { start, end } of types)
        expect([start, end]).toEqual([answer.cursor_start, answer.cursor_end]);
    },
  );

  it('tells the signature and the docstring of the likeliest names', () => {
    const [draw] = answers[inspected.length + nowhere.length]!.metadata._jupyter_types_experimental;
    expect(draw).toMatchObject({
      text: 'draw',
      signature: '(width: number, options: Options): string',
      documentation: 'Draws a line.',
    });
  });
});
