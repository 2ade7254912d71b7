import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  drawingName,
  findMeasures,
  saveMeasures,
  type Measures,
  type EvaluationSettings,
} from '../../../lib/mnist/evaluation/measures';
import { columnsOf, confusionTable } from '../../../lib/mnist/evaluation/report';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'measures-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const share = { right: 99, of: 100, share: 0.99, low: 0.9455, high: 0.9982 };
const worse = { ...share, right: 9, of: 10, share: 0.9 };

function measuresOf(
  settings: EvaluationSettings,
  { weights = 'abc', numImages = 1000 } = {},
): Measures {
  return {
    weights,
    settings,
    numImages,
    judge: { sha256: '', testAccuracy: 0.99, seed: 7, epochs: 8, batchSize: 128 },
    real: { sets: 5, frechet: 10, kid: 0, kidStd: 1, diversity: 2 },
    overall: share,
    perDigit: [share, worse, share],
    confusion: [
      [3, 0],
      [1, 2],
    ],
    frechet: 11.234,
    frechetStandardError: 0.5,
    frechetRatio: 1.1234,
    kid: 0.04,
    diversity: 2,
    diversityRatio: 0.9876,
    precision: 0.91,
    recall: 0.8,
    density: 1.05,
    coverage: 0.9999,
  };
}
const ddim = (steps: number, guidanceScale: number) => ({
  scheduler: 'ddim',
  steps,
  guidanceScale,
});

describe('measures of images', () => {
  it('are found again by the hash of the weights, in order of sampler, steps and guidance', () => {
    const ddpm = { scheduler: 'ddpm', steps: 10, guidanceScale: 0 };
    const saved = [ddpm, ddim(50, 2), ddim(50, 1.5), ddim(10, 3)].map((settings, i) => {
      const measures = measuresOf(settings);
      saveMeasures(path.join(folder, 'deep', `row-${i}`), measures);
      return measures;
    });
    saveMeasures(path.join(folder, 'others'), measuresOf(ddim(1, 1), { weights: 'abd' }));
    const found = findMeasures(folder, 'abc');
    expect(found).toEqual([saved[3], saved[2], saved[1], saved[0]]);
  });

  it('of the most images alone', () => {
    const inOne = path.join(folder, 'row');
    const file = saveMeasures(inOne, measuresOf(ddim(50, 1), { numImages: 200 }));
    expect(path.basename(file)).toBe('measures-200.json');
    expect(readFileSync(file, 'utf8').endsWith('}\n')).toBe(true);
    saveMeasures(inOne, measuresOf(ddim(50, 1), { numImages: 1000 }));
    saveMeasures(path.join(folder, 'x'), measuresOf(ddim(50, 2), { numImages: 200 }));
    expect(findMeasures(folder, 'abc').map(({ numImages }) => numImages)).toEqual([1000]);
  });

  it('none where there is no folder, no file, or files of another kind', () => {
    expect(findMeasures(path.join(folder, 'none'), 'abc')).toEqual([]);
    expect(findMeasures(folder, 'abc')).toEqual([]);
    mkdirSync(path.join(folder, 'a'));
    for (const name of [
      'settings.json',
      'measures.json',
      'measures-1.json.tmp',
      'my-measures-1.json',
    ]) {
      writeFileSync(path.join(folder, 'a', name), 'no JSON');
    }
    expect(findMeasures(folder, 'abc')).toEqual([]);
  });
});

it.each([
  [{}, 'ddpm-50-s1-seed0-batch100'],
  [{ spacing: 'trailing' }, 'ddpm-trailing-50-s1-seed0-batch100'],
  [{ guidanceScale: 1.5, seed: '7' }, 'ddpm-50-s1.5-seed7-batch100'],
  [
    { more: { thresholding: true, guidanceRescale: 0.7 } },
    'ddpm-50-s1-thresholding-true-guidanceRescale-0.7-seed0-batch100',
  ],
  [
    { more: { guidanceInterval: [0.2, 0.8] } },
    'ddpm-50-s1-guidanceInterval-0.2-0.8-seed0-batch100',
  ],
])('drawn images %o lie in %s', (facts, name) => {
  const all = { scheduler: 'ddpm', steps: 50, guidanceScale: 1, seed: 0, batchSize: 100 };
  expect(drawingName({ ...all, ...facts })).toBe(name);
});

it('a row of the report has the figures as text, the worst digit by name', () => {
  expect(columnsOf({ name: 'a model', ...measuresOf(ddim(50, 1)) })).toEqual({
    images: 'a model',
    N: 1000,
    accuracy: '99.0 %',
    '95 % interval': '94.5 % – 99.8 %',
    'worst digit': '1: 90.0 %',
    'Fréchet (95 %)': '11.23 ± 0.98',
    'over real': '1.12',
    KID: '0.0',
    diversity: '98.8 %',
    precision: '0.910',
    recall: '0.800',
    density: '1.050',
    coverage: '1.000',
  });
  expect(confusionTable(measuresOf(ddim(50, 1)))).toEqual([
    { asked: 0, 0: 3, 1: 0 },
    { asked: 1, 0: 1, 1: 2 },
  ]);
});
