/** One process for long: steps, saves, loads, stops, errors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { nodeBackend, tf } from '../../lib/backend';
import { loadCheckpoint } from '../../lib/pipelines/checkpoint';
import { saveTraining } from '../../lib/training/checkpoints';
import { loadScript } from '../support/script';
import { figure, seededRandom, times } from '../support/soak';
import { disposeTrainers, tinyTrainer } from './tiny-trainer';

afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 3_600_000 });

const counts = () => ({
  tfjs: tf.memory().numTensors,
  native: nodeBackend().binding.getNumOfTensors(),
  graphs: nodeBackend().binding.getNumOfSavedModels(),
});

/** Megabytes by which memory grows in a hundred steps: the least-squares line through the measurements. */
function slope(points: readonly (readonly [step: number, bytes: number])[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(points.map(([s]) => s)), mean(points.map(([, b]) => b))];
  const over = points.reduce((sum, [s, b]) => sum + (s - x) * (b - y), 0);
  return ((over / points.reduce((sum, [s]) => sum + (s - x) ** 2, 0)) * 100) / 1e6;
}

it('steps, saves, loads, stops and errors leave no tensor behind', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'long-'));
  const trainer = tinyTrainer({ ema: { decay: 0.99 } });
  const memory: [number, number][] = [];
  const steps = times(30, 2000);
  const saves = times(2, 100);
  await trainer.fit({ maxSteps: 2 });
  loadAndFree(saveTraining(folder, trainer)); // what is made once is made
  const before = await countsAfterStepAndSave();
  await trainer.fit({
    maxSteps: steps,
    onStep: ({ step }) => {
      if (step % Math.floor(steps / saves) === 0) loadAndFree(saveTraining(folder, trainer));
      if (step > steps / 4 && step % 10 === 0) {
        globalThis.gc?.();
        memory.push([step, process.memoryUsage.rss()]);
      }
    },
  });
  const faults = times(3, 20);
  for (let i = 0; i < faults; i++) {
    const onStep = () => Promise.reject(new Error('a cell that throws'));
    await expect(trainer.fit({ maxSteps: trainer.step + 5, onStep })).rejects.toThrow('a cell');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 5);
    await trainer.fit({ maxSteps: trainer.step + 1000, signal: stop.signal });
  }
  expect(await countsAfterStepAndSave()).toEqual(before);
  const growth = slope(memory);
  figure(
    `${steps} steps, ${saves} saves and loads, ${faults} stops and ${faults} errors in one process`,
    `tensors ${JSON.stringify(before.saved)} before and after; memory grows by ${growth.toFixed(2)} MB in 100 steps ` +
      `(${memory.length} measurements after the first quarter)`,
  );
  rmSync(folder, { recursive: true });

  /** A step leaves the weights in the session; a save, which reads them, gives each a tensor outside. */
  async function countsAfterStepAndSave() {
    await trainer.fit({ maxSteps: trainer.step + 1 });
    const stepped = counts();
    loadAndFree(saveTraining(folder, trainer));
    return { stepped, saved: counts() };
  }

  function loadAndFree(saved: string): void {
    const { unet, textEncoder } = loadCheckpoint(saved);
    unet.dispose();
    textEncoder.dispose();
  }
});

it("the kernel's Stop at random moments ends the loop within two steps, and no step follows", async () => {
  const listeners = process.listeners('SIGINT');
  loadScript<{ installStop: () => void }>('kernel/stop.cjs').installStop();
  const trainer = tinyTrainer();
  await trainer.fit({ maxSteps: 1 });
  const random = seededRandom(9);
  const stops = times(5, 50);
  let [mostSteps, mostMilliseconds] = [0, 0];
  for (let i = 0; i < stops; i++) {
    let stepAtStop = -1;
    let time = 0;
    setTimeout(() => {
      stepAtStop = trainer.step;
      time = performance.now();
      process.kill(process.pid, 'SIGINT');
    }, random() * 200);
    const { stopped } = await trainer.fit({ maxSteps: trainer.step + 100_000 });
    expect(stopped).toBe(true);
    mostMilliseconds = Math.max(mostMilliseconds, performance.now() - time);
    mostSteps = Math.max(mostSteps, trainer.step - stepAtStop);
    const frozen = trainer.step;
    await new Promise((resolve) => setTimeout(resolve, times(20, 200)));
    expect(trainer.step).toBe(frozen);
  }
  expect(mostSteps).toBeLessThan(2);
  process.removeAllListeners('SIGINT');
  listeners.forEach((listener) => process.on('SIGINT', listener));
  figure(
    'SIGINT at random moments of training',
    `${stops}: at most ${mostSteps} more step, ${mostMilliseconds.toFixed(0)} ms; no step after the end`,
  );
});
