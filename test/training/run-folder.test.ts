/** Whose a run's folder is, and what a run taken up again says of options that have changed. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FolderLockedError, lockFolder, unlockFolder } from '../../lib/io/runs/folder-lock';
import { runFunctionsEagerly } from '../../lib/jit';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { fakeNotebook } from '../support/notebook';
import { temporaryRoot } from '../support/temporary';
import { disposeTrainers, tinyTrainer } from './tiny-trainer';

let root: string;
let run: string;
const lock = () => path.join(run, '.lock');
beforeAll(() => runFunctionsEagerly(true));
afterAll(() => runFunctionsEagerly(false));
beforeEach(() => {
  root = mkdtempSync(path.join(temporaryRoot, 'run-folder-'));
  run = path.join(root, 'run');
});
afterEach(() => {
  disposeTrainers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** What is said as a warning of the process. */
function warnings(): string[] {
  const told: string[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void told.push(String(message)));
  return told;
}

describe('a run folder', () => {
  it('is taken from the first save of a fit to its end', async () => {
    const trainer = tinyTrainer();
    const taken: boolean[] = [];
    await trainer.fit({
      maxSteps: 3,
      onStep: ({ step }) => {
        if (step === 2) saveTraining(run, trainer);
        taken.push(existsSync(lock()));
      },
    });
    expect([taken, existsSync(lock())]).toEqual([[false, true, true], false]);
    saveTraining(run, trainer);
    expect(existsSync(lock())).toBe(false);
  });

  it('is free at once when the training was stopped, or failed', async () => {
    const notebook = fakeNotebook();
    const trainer = tinyTrainer();
    const stopping = ({ step }: { step: number }) => {
      saveTraining(run, trainer);
      if (step === 2) notebook.pressStop();
    };
    expect((await trainer.fit({ maxSteps: 9, onStep: stopping })).stopped).toBe(true);
    expect(existsSync(lock())).toBe(false);
    notebook.nextCell();
    const failing = () => {
      saveTraining(run, trainer);
      throw new Error('mine');
    };
    await expect(trainer.fit({ maxSteps: 9, onStep: failing })).rejects.toThrow('mine');
    expect(existsSync(lock())).toBe(false);
  });

  it("is a resumed training's until its fit ends, or it is disposed", async () => {
    const first = tinyTrainer();
    await first.fit({ maxSteps: 1 });
    saveTraining(run, first);
    const second = tinyTrainer();
    expect(resumeTraining(run, second)).toBe(1);
    expect(existsSync(lock())).toBe(true);
    await second.fit({ maxSteps: 2 });
    expect(existsSync(lock())).toBe(false);
    const third = tinyTrainer();
    resumeTraining(run, third);
    expect(existsSync(lock())).toBe(true);
    third.folders.freeAll();
    expect(existsSync(lock())).toBe(false);
  });

  it('of two trainings of a process stays taken until both have ended', () => {
    lockFolder(root, first);
    lockFolder(root, second);
    unlockFolder(root, first);
    unlockFolder(root, first);
    expect(existsSync(path.join(root, '.lock'))).toBe(true);
    unlockFolder(root, second);
    expect(existsSync(path.join(root, '.lock'))).toBe(false);
  });
  const [first, second] = [{}, {}];

  it('that was removed meanwhile is no error', async () => {
    const trainer = tinyTrainer();
    await trainer.fit({
      maxSteps: 1,
      onStep: () => {
        saveTraining(run, trainer);
        rmSync(run, { recursive: true });
      },
    });
    expect(existsSync(run)).toBe(false);
  });
});

describe('a folder that is taken', () => {
  const taken = (notebook?: string) => {
    const started = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const ticks = started.slice(started.lastIndexOf(')') + 2).split(' ')[19];
    const owner = { pid: process.ppid, host: hostname(), started: ticks };
    writeFileSync(
      path.join(root, '.lock'),
      JSON.stringify({ ...owner, ...(notebook && { notebook }) }),
    );
  };

  it("is told by the notebook's name, and the absolute path", () => {
    taken('04-train.ipynb');
    const relative = path.relative(process.cwd(), root);
    let thrown: unknown;
    try {
      lockFolder(relative);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FolderLockedError);
    expect(thrown).toMatchObject({ notebook: '04-train.ipynb', pid: process.ppid, folder: root });
    expect((thrown as Error).message).toContain(
      `the notebook 04-train.ipynb (process ${process.ppid} on ${hostname()}) does. Stop its training`,
    );
    expect((thrown as Error).message).toContain(path.join(root, '.lock'));
  });

  it('by a process alone, where there is no notebook', () => {
    taken();
    expect(() => lockFolder(root)).toThrow(
      /but process \d+ on .* does\. Stop its training \(a second/,
    );
  });

  it.each([
    ['/home/me/notebooks/04 train.ipynb', '04 train.ipynb'],
    ['04-train.ipynb', '04-train.ipynb'],
    ['', undefined],
  ])('by this one says that it is %j', (session, expected) => {
    vi.stubEnv('JPY_SESSION_NAME', session);
    lockFolder(root);
    const owner = JSON.parse(readFileSync(path.join(root, '.lock'), 'utf8')) as object;
    expect((owner as { notebook?: string }).notebook).toBe(expected);
    unlockFolder(root);
  });

  it('by a real kernel-like process is freed when that ends', async () => {
    const script =
      "const { lockFolder } = require('./dist/io/runs/folder-lock.js');" +
      'lockFolder(process.argv[1]); console.log("on"); setInterval(() => {}, 1000);';
    const env = { ...process.env, JPY_SESSION_NAME: '/x/05-sample.ipynb' };
    const child = spawn(process.execPath, ['-e', script, root], { env });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(() => lockFolder(root)).toThrow(/the notebook 05-sample\.ipynb \(process/);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    lockFolder(root);
    unlockFolder(root);
  });
});

describe('options that have changed', () => {
  async function saved(options: object = {}) {
    const trainer = tinyTrainer(options);
    await trainer.fit({ maxSteps: 2 });
    saveTraining(run, trainer);
  }

  it.each<[object, string]>([
    [{ learningRate: 1e-4 }, 'learningRate: 0.001 → 0.0001'],
    [{ weightDecay: 0 }, 'weightDecay: 0.01 → 0'],
    [{ maxGradNorm: 1 }, 'maxGradNorm: null → 1'],
    [{ microBatchSize: 2 }, 'microBatchSize: 4 → 2'],
    [
      { nonFinite: 'skip', maxSkippedSteps: 5 },
      'maxSkippedSteps: 3 → 5, nonFinite: "throw" → "skip"',
    ],
  ])('are taken and said: %j', async (options, line) => {
    await saved();
    const told = warnings();
    const trainer = tinyTrainer(options);
    expect(resumeTraining(run, trainer)).toBe(2);
    expect(told).toEqual([`resumeTraining: from step 3 on ${line}.`]);
    const { steps } = await trainer.fit({ maxSteps: 3 });
    if ('learningRate' in options) {
      expect(steps.map(({ learningRate }) => learningRate)).toEqual([1e-3, 1e-3, 1e-4]);
    }
  });

  it.each([
    [{ seed: 2 }, /seed: expected 1 as in the checkpoint, got 2/],
    [{ batchSize: 8 }, /batchSize: expected 4 as in the checkpoint, got 8/],
    [{ captionDropout: 0.1 }, /captionDropout: expected 0 as in the checkpoint, got 0\.1/],
  ])('or refused by name: %j', async (options, message) => {
    await saved();
    expect(() => resumeTraining(run, tinyTrainer(options))).toThrow(message);
    expect(existsSync(lock())).toBe(false);
  });

  it('are not made up: nothing is said of the same ones, or of a checkpoint from before', async () => {
    await saved({ learningRate: 2e-3 });
    const told = warnings();
    resumeTraining(run, tinyTrainer({ learningRate: 2e-3 }));
    const file = path.join(run, 'checkpoint-2', 'training', 'trainer_state.json');
    const { options: _, ...older } = JSON.parse(readFileSync(file, 'utf8')) as { options: unknown };
    writeFileSync(file, JSON.stringify(older));
    rmSync(path.join(run, 'checkpoint-2', 'manifest.json'));
    const { writeManifest } = await import('../../lib/io/runs/manifest');
    writeManifest(path.join(run, 'checkpoint-2'));
    expect(resumeTraining(run, tinyTrainer({ learningRate: 1e-5 }))).toBe(2);
    expect(told).toEqual([]);
  });

  it('of a made trainer are taken by setOptions, and said', async () => {
    const trainer = tinyTrainer();
    await trainer.fit({ maxSteps: 1 });
    const told = warnings();
    const lrSchedule = (step: number) => (step < 2 ? 1 : 0.5);
    expect(trainer.setOptions({ learningRate: 1e-4, microBatchSize: 2, lrSchedule })).toEqual(
      ['learningRate', 'microBatchSize', 'lrSchedule'].sort(
        (a, b) => Object.keys(trainer.options).indexOf(a) - Object.keys(trainer.options).indexOf(b),
      ),
    );
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('Trainer: from step 2 on ');
    expect(told[0]).toContain('learningRate: 0.001 → 0.0001');
    const { steps } = await trainer.fit({ maxSteps: 3 });
    expect(steps.map(({ learningRate }) => learningRate)).toEqual([1e-3, 1e-4, 5e-5]);
    expect(trainer.microBatchSize).toBe(2);
    expect(trainer.setOptions({ learningRate: 1e-4, seed: 1, batchSize: 4 })).toEqual([]);
    expect(trainer.setOptions({ learningRate: undefined })).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it.each<[object, RegExp]>([
    [
      { batchSize: 8, microBatchSize: 8 },
      /batchSize: expected 4 as the trainer was made with, got 8/,
    ],
    [{ seed: 9, learningRate: 1 }, /seed: expected 1 .*got 9\. Make a new Trainer, over another/],
    [{ ema: { decay: 0.9 } }, /ema: expected null/],
    [{ weightDecay: 0.5 }, /weightDecay: expected 0\.01 .* Make a new Trainer and resumeTraining/],
    [{ learningRate: -1 }, /learningRate: expected a finite number/],
    [{ learningrate: 1 }, /learningrate: unknown option/],
  ])('or refused by setOptions: %j', (options, message) => {
    const trainer = tinyTrainer();
    expect(() => trainer.setOptions(options)).toThrow(message);
    expect(trainer.learningRate).toBe(1e-3);
  });
});
