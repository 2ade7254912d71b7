/** Workers that are killed, stopped, never come or die while saving: the others end in time, and the run goes on exactly. */
import fs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { latestCheckpoint } from '../../lib/training/checkpoints';
import { startWorkers, stepsOf, until, weightsOf, type Ended } from './commands';
import { freePorts } from './workers';

vi.setConfig({ testTimeout: 1_800_000 });
const temporary = mkdtempSync(path.join(tmpdir(), 'faults-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Seconds without an answer after which a worker is gone. */
const TIMEOUT = 20;
/** Beside them: a round of questions, and the time in which those that end go on answering. */
const ROUND = 30;
const WORKER_LOST = 75;
const LAST = 8;

const argvOf = (folder: string, steps = LAST) => [
  ...['--recipe', 'blog', '--set', 'trainer.batchSize=4', '--save-every', '2'],
  ...['--steps', String(steps), '--worker-timeout', String(TIMEOUT), '--output', folder],
];

const addressesOfTwo = async () => (await freePorts(2)).map((port) => `127.0.0.1:${port}`);

function expectLost({ code, text, at }: Ended, since: number, who: RegExp): void {
  expect(text).toMatch(/cannot go on: /);
  expect(text).toMatch(who);
  expect(code).toBe(WORKER_LOST);
  expect((at - since) / 1000).toBeLessThan(TIMEOUT + ROUND);
}

/** Whether a step is done. */
const reached = (folder: string, step: number) => () => (stepsOf(folder).at(-1)?.step ?? 0) >= step;

it('a worker killed, one stopped and a chief killed while it saves: the run ends bit-equal to one without', async () => {
  const straight = path.join(temporary, 'straight');
  const ends = await Promise.all(
    startWorkers(await addressesOfTwo(), argvOf(straight)).map(({ ended }) => ended),
  );
  expect(ends.map(({ code, text }) => [code, text.match(/Error/)])).toEqual([
    [0, null],
    [0, null],
  ]);

  const folder = path.join(temporary, 'faulty');
  const argv = argvOf(folder);

  // Killed in a step: the system ends its connections.
  let [chief, worker] = startWorkers(await addressesOfTwo(), argv);
  await until(reached(folder, 3), 'step 3 is done');
  let since = performance.now();
  worker!.signalAll('SIGKILL');
  expectLost(await chief!.ended, since, /worker 1 of 2 \(127\.0\.0\.1:\d+\)/);
  expect(latestCheckpoint(folder)).toMatch(/checkpoint-2$/);

  // Stopped: its connections stay, nothing answers.
  [chief, worker] = startWorkers(await addressesOfTwo(), argv);
  await until(reached(folder, 5), 'step 5 is done');
  worker!.signalAll('SIGSTOP');
  since = performance.now();
  expectLost(await chief!.ended, since, /worker 1 of 2 .*: no answer, without an answer for 20 s/);
  worker!.signalAll('SIGKILL');
  expect(latestCheckpoint(folder)).toMatch(/checkpoint-4$/);

  // The chief, while it writes checkpoint 6.
  [chief, worker] = startWorkers(await addressesOfTwo(), argv);
  const isSaving = () =>
    fs.readdirSync(folder).some((name) => name.startsWith('.tmp-checkpoint-6'));
  await until(isSaving, 'checkpoint 6 is being written');
  since = performance.now();
  chief!.signalAll('SIGKILL');
  expectLost(await worker!.ended, since, /worker 0 of 2 \(127\.0\.0\.1:\d+\)/);
  expect(latestCheckpoint(folder)).toMatch(/checkpoint-[46]$/);

  // Asked to stop, both stop after the same step.
  [chief, worker] = startWorkers(await addressesOfTwo(), argv);
  const before = stepsOf(folder).length;
  await until(() => stepsOf(folder).length > before, 'it has gone on by a step');
  worker!.signal('SIGTERM');
  const stopped = await Promise.all([chief!.ended, worker!.ended]);
  expect(stopped.map(({ code }) => code)).toEqual([130, 130]);
  expect(stopped[0]!.text).toMatch(/stopped after step [5678] of 8/);

  const last = startWorkers(await addressesOfTwo(), argv);
  for (const { code } of await Promise.all(last.map(({ ended }) => ended))) expect(code).toBe(0);
  const losses = (run: string) =>
    Object.fromEntries(stepsOf(run).map(({ step, loss }) => [step, loss]));
  expect(losses(folder)).toEqual(losses(straight));
  const checkpoint = `checkpoint-${LAST}`;
  expect(weightsOf(path.join(folder, checkpoint))).toBe(weightsOf(path.join(straight, checkpoint)));

  // Another number of workers goes on: two steps more by one process, and by two.
  const more = [path.join(folder), path.join(straight)];
  const [alone] = startWorkers(['localhost:1'], argvOf(more[0]!, LAST + 2));
  expect((await alone!.ended).code).toBe(0);
  const two = startWorkers(await addressesOfTwo(), argvOf(more[1]!, LAST + 2));
  for (const { code } of await Promise.all(two.map(({ ended }) => ended))) expect(code).toBe(0);
  const [byOne, byTwo] = more.map((run) => losses(run));
  for (const step of [LAST + 1, LAST + 2]) {
    expect(Math.abs(byOne![step]! / byTwo![step]! - 1)).toBeLessThan(1e-5);
  }
});

it('a worker that never comes is named', async () => {
  const since = performance.now();
  const argv = argvOf(path.join(temporary, 'lonely'));
  const [chief] = startWorkers(await addressesOfTwo(), argv, [0]);
  expectLost(await chief!.ended, since, /worker 1 of 2 .*: never came \(ECONNREFUSED\)/);
});

it('a TF_CONFIG that is wrong ends the command before anything starts', async () => {
  const [command] = startWorkers(['localhost'], argvOf(path.join(temporary, 'none')));
  const { code, text } = await command!.ended;
  expect(code).toBe(2);
  expect(text).toMatch(/^train: TF_CONFIG: cluster\.worker\[0\]: expected host:port .*"localhost"/);
  expect(fs.existsSync(path.join(temporary, 'none'))).toBe(false);
});
