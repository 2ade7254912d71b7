/** Stop, as the kernel's own code takes it, at any moment of a training. */
import { afterEach, expect, it, vi } from 'vitest';
import { loadScript } from '../support/script';
import { figure, seededRandom, times } from '../support/soak';
import { disposeTrainers, tinyTrainer } from './tiny-trainer';

afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 3_600_000 });

it("the kernel's Stop at random moments ends the loop within two steps, and no step follows", async () => {
  const listeners = process.listeners('SIGINT');
  interface ListenerOptions {
    readonly stopCell: () => void;
    readonly cellName: () => string;
  }
  const { StopListener } = loadScript<{
    StopListener: new (options: ListenerOptions) => object;
  }>('../kernel/stop-listener.cjs');
  const { installStop } = loadScript<{ installStop: (listener: object) => void }>(
    '../kernel/stop.cjs',
  );
  installStop(new StopListener({ stopCell: () => undefined, cellName: () => 'In[1]' }));
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
