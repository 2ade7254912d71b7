/** A training of another process, watched. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import * as sd from '../../lib/notebook';
import { tf } from '../../lib/backend';
import { disposeTrainers, tinyTrainer } from '../training/tiny-trainer';
import { fakeNotebook } from '../support/notebook';
import { temporaryRoot } from '../support/temporary';

vi.setConfig({ testTimeout: 60_000 });
let root: string;
let run: string;
let notebook: ReturnType<typeof fakeNotebook>;
beforeEach(() => {
  runFunctionsEagerly(true);
  root = mkdtempSync(path.join(temporaryRoot, 'watch-'));
  run = path.join(root, 'run');
  notebook = fakeNotebook();
});
afterEach(() => {
  runFunctionsEagerly(false);
  disposeTrainers();
  rmSync(root, { recursive: true });
});
const log = (step: number, loss = 1) => ({
  step,
  epoch: 0,
  loss,
  learningRate: 1e-3,
  gradNorm: 1,
  seconds: 0.1,
});
const options = { pollInterval: 10, interval: 0, numInferenceSteps: 1 };

it('follows the steps and checkpoints, and ends with the training', async () => {
  const trainer = tinyTrainer();
  mkdirSync(run);
  trainer.folders.take(run);
  const before = tf.memory().numTensors;
  const watched = sd.watchTraining(run, options);
  await trainer.fit({
    maxSteps: 4,
    progressBar: false,
    onStep: async (step) => {
      sd.logStep(run, step);
      if (step.step === 2) sd.saveTraining(run, trainer);
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
  });
  const { steps, running } = await watched;
  expect([steps.map(({ step }) => step), running]).toEqual([[1, 2, 3, 4], false]);
  expect(steps.map(({ loss }) => loss)).toEqual(trainer.history.steps.map(({ loss }) => loss));
  expect(notebook.sent.at(-1)!.data['text/plain']).toMatch(/Figure/);
  expect(new Set(notebook.sent.map(({ displayId }) => displayId)).size).toBe(1);
  disposeTrainers();
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
});

it('is ended by Stop, while the training goes on, and the cell is whole', async () => {
  mkdirSync(run);
  const trainer = tinyTrainer();
  trainer.folders.take(run);
  sd.logStep(run, log(1));
  const watched = sd.watchTraining(run, { ...options, pollInterval: 60_000 });
  setTimeout(() => notebook.pressStop(), 300);
  expect(await watched).toEqual({ steps: [log(1)], running: true });
});

it('shows a training that is over, and then ends', async () => {
  for (const step of [1, 2, 3]) sd.logStep(run, log(step));
  expect(await sd.watchTraining(run, options)).toMatchObject({ running: false });
  expect(notebook.sent).not.toHaveLength(0);
});

it('reads the steps that count: the later of two, whole lines alone', () => {
  for (const step of [1, 2, 3, 4]) sd.logStep(run, log(step));
  for (const step of [3, 4, 5]) sd.logStep(run, log(step, 2));
  appendFileSync(path.join(run, 'history.jsonl'), 'null\n{"step": "x"}\n\n{"step": 6, "lo');
  expect(sd.readRunLog(run)!.map(({ step, loss }) => [step, loss])).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 2],
  ]);
  expect(sd.readRunLog(root)).toBeUndefined();
});

it.each(['none', '.'])('refuses a folder without a training: %s', async (name) => {
  const folder = path.join(root, name);
  await expect(sd.watchTraining(path.relative(process.cwd(), folder))).rejects.toThrow(
    `${path.resolve(folder)}: expected the folder of a run by npm run train, found no `,
  );
});
