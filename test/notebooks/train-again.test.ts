import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { root } from '../support/script';
import {
  executedCells,
  joined,
  runNotebooks,
  writeNotebook,
  type RunResult,
} from './run-notebooks';

interface Notebook {
  readonly cells: { readonly cell_type: string; readonly source: string | string[] }[];
}

const file = path.join(root, 'notebooks', '04-train.ipynb');
const { cells } = JSON.parse(fs.readFileSync(file, 'utf8')) as Notebook;
const sources = cells
  .filter(({ cell_type }) => cell_type === 'code')
  .map(({ source }) => [source].flat().join('').replace("Preset = 'cpu'", "Preset = 'smoke'"));
const cellWith = (text: string) => sources.find((source) => source.includes(text))!;
const configuration = cellWith('maxSteps: 4, learningRate: 4e-3').replace(
  'maxSteps: 4, learningRate: 4e-3',
  'maxSteps: 6, learningRate: 2e-3',
);

let folder: string;
let run: RunResult;
let outputs: string[];
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-train-again-'));
  vi.stubEnv('SDM_CHECKPOINTS', path.join(folder, 'checkpoints'));
  const all = [
    ...sources,
    ...sources,
    configuration,
    cellWith('trainer.fit'),
    'JSON.stringify(trainer.history.steps.map((log) => log.learningRate))',
  ];
  run = await runNotebooks(folder, ['--no-html', writeNotebook(folder, 'again', all)]);
  outputs = executedCells(folder, 'again').map(({ outputs: shown }) =>
    shown.map(({ data }) => joined(data?.['text/plain'])).join('\n'),
  );
}, 300_000);
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

it('04-train can be run twice, all of it', () => {
  expect(run.printed).toContain('1 passed');
  expect(outputs.filter((text) => text.includes('A new run.'))).toHaveLength(1);
  expect(
    outputs.filter((text) => text.includes('Step 4 is done already: raise maxSteps')),
  ).toHaveLength(1);
});

it('and leaks nothing', () => {
  const alive = outputs
    .flatMap((text) => /tensors alive\s+([\d,]+)/.exec(text)?.[1] ?? [])
    .map((count) => Number(count.replace(',', '')));
  expect(alive).toHaveLength(2);
  expect(alive[0]).toBeGreaterThan(100);
  // the second time there is nothing left to train, so no batch is there either
  expect(alive[1]).toBeLessThanOrEqual(alive[0]!);
});

it('takes a changed length and learning rate when the training cell is run again', () => {
  const rates = JSON.parse(outputs.at(-1)!.replace(/^'|'$/g, '')) as number[];
  expect(rates).toHaveLength(6);
  // ten steps of warm-up, and in the last four of 6 half a cosine from the rate to 0
  expect(rates[4]).toBeCloseTo(2e-3 * 0.4 * 0.5, 10);
  expect(rates[5]).toBeCloseTo(2e-3 * 0.5 * 0.5 * (1 + Math.cos((Math.PI * 3) / 4)), 10);
  expect(outputs.at(-2)).toContain('Step 6 is saved.');
});
