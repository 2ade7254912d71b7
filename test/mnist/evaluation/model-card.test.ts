import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RECIPES } from '../../../lib/mnist/recipes';
import { modelCard, runOf, saveRecipe, settingsOf } from '../../../lib/mnist/evaluation';

const run = mkdtempSync(path.join(tmpdir(), 'run-'));
afterAll(() => rmSync(run, { recursive: true }));
const recipe = {
  ...RECIPES.best,
  objective: { ...RECIPES.best.objective, minSnrGamma: 5 },
  maxSteps: 3000,
};

describe("a run's facts", () => {
  it('are the recipe beside its checkpoints, and the steps of each', () => {
    expect(() => runOf(path.join(run, 'checkpoint-7'))).toThrow('expected the recipe of the run');
    saveRecipe(run, recipe);
    for (const [name, steps] of [
      ['checkpoint-750', 750],
      ['model-2000', 2000],
      ['model', 3000],
    ] as const) {
      mkdirSync(path.join(run, name));
      expect(runOf(path.join(run, name))).toEqual({ recipe, steps });
    }
  });

  it('become the command that does it again', () => {
    expect(settingsOf({ ...recipe, maxSteps: 5000 }, RECIPES.best)).toBe(
      '--steps 5000 --set objective.minSnrGamma=5',
    );
    expect(settingsOf(RECIPES.best, RECIPES.best)).toBe('');
  });
});

it('the model card holds recipe, hashes, and figures as measured', () => {
  const share = { right: 99, of: 100, share: 0.99, low: 0.946, high: 0.998 };
  const measures = { numImages: 1000, frechet: 11, frechetRatio: 1.02, kid: 0.1, precision: 0.9 };
  const more = { frechetStandardError: 1, diversity: 9, confusion: [[99, 1]] };
  const rest = { ...more, diversityRatio: 0.91, recall: 0.94, density: 1, coverage: 0.97 };
  const settings = { scheduler: 'ddpm', spacing: 'trailing', steps: 50, guidanceScale: 1.5 };
  const facts = {
    name: 'best',
    recipe,
    command: 'npm run train -- --recipe best',
    steps: 3000,
    averaged: true,
    judge: { testAccuracy: 0.9945 },
    parameters: { unet: 3_140_385, text_encoder: 3_732_992 },
    sha256: { unet: 'aa11', text_encoder: 'bb22' },
    rows: [{ settings, overall: share, perDigit: [share], ...measures, ...rest }],
  };
  const card = modelCard(facts);
  expect(card).toContain(
    '| ddpm, 50 steps, guidance 1.5 | 1000 | 99.0 % | 94.6 % – 99.8 % | 0: 99.0 % | 1.02 | 91.0 % | 0.940 | 0.970 |',
  );
  for (const text of ['`aa11`', '3,140,385', '192,000 images, 3.2 epochs', facts.command, 'EMA']) {
    expect(card).toContain(text);
  }
  expect(modelCard({ ...facts, rows: [], judge: undefined })).toContain('Not measured yet');
});
