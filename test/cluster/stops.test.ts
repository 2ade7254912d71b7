/** Workers that are asked to stop end together, and the run goes on exactly, also with others; faults are in fault-cycles. */
import fs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it, vi } from 'vitest';
import { loadScript } from '../support/script';
import { startWorkers, stepsOf, TrainCommand, until, weightsOf } from './commands';
import { freePorts } from './workers';

const { probe } = loadScript<{
  probe: (address: string, limit: number) => Promise<string | null>;
}>('cluster/probe.mjs');

vi.setConfig({ testTimeout: 1_800_000 });
const temporary = mkdtempSync(path.join(tmpdir(), 'faults-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Seconds without an answer after which a worker is gone. */
const TIMEOUT = 20;
const LAST = 8;

const argvOf = (folder: string, steps = LAST, timeout = TIMEOUT) => [
  ...['--recipe', 'blog', '--set', 'trainer.batchSize=4', '--save-every', '2'],
  ...['--steps', String(steps), '--worker-timeout', String(timeout), '--output', folder],
];

const addressesOfTwo = async () => (await freePorts(2)).map((port) => `127.0.0.1:${port}`);

/** Whether a step is done. */
const reached = (folder: string, step: number) => () => (stepsOf(folder).at(-1)?.step ?? 0) >= step;

it('asked to stop, all stop after the same step; the run goes on bit-equal, also with another number of workers', async () => {
  const straight = path.join(temporary, 'straight');
  const ends = await Promise.all(
    startWorkers(await addressesOfTwo(), argvOf(straight)).map(({ ended }) => ended),
  );
  expect(ends.map(({ code, text }) => [code, text.match(/Error/)])).toEqual([
    [0, null],
    [0, null],
  ]);

  const folder = path.join(temporary, 'stopped');
  const argv = argvOf(folder);
  const [chief, worker] = startWorkers(await addressesOfTwo(), argv);
  await until(reached(folder, 3), 'step 3 is done');
  worker!.signal('SIGTERM');
  const stopped = await Promise.all([chief!.ended, worker!.ended]);
  expect(stopped.map(({ code }) => code)).toEqual([130, 130]);
  expect(stopped[0]!.text).toMatch(/stopped after step [345678] of 8/);

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

it('asked to stop while others have not come, one ends without waiting for them', async () => {
  const folder = path.join(temporary, 'waiting');
  const addresses = await addressesOfTwo();
  const [chief] = startWorkers(addresses, argvOf(folder, LAST, 3600), [0]);
  while ((await probe(addresses[0]!, 1000)) !== null) await sleep(100); // it has come, and waits
  chief!.signal('SIGTERM');
  const { code, text } = await chief!.ended;
  expect(text).toMatch(/Stopped before the first step; worker 1 of 2 .*: never came \(ECONNREF/);
  expect(code).toBe(130);
}, 300_000);

it('more workers than rows of a batch are refused before any of them starts', async () => {
  const folder = path.join(temporary, 'many');
  const [command] = startWorkers(
    (await freePorts(5)).map((port) => `127.0.0.1:${port}`),
    argvOf(folder),
    [4],
  );
  const { code, text } = await command!.ended;
  expect(text).toMatch(/^train: 5 workers: expected at most one for each row of a batch, 4 /m);
  expect(code).toBe(2);
  expect(fs.existsSync(folder)).toBe(false);
});

it('settings that are wrong end all workers, and none is told to try again', async () => {
  const argv = [...argvOf(path.join(temporary, 'wrong')), '--set', 'trainer.maxGradNorm=-1'];
  const command = new TrainCommand([...argv, '--workers', '2'], {});
  const { code, text } = await command.ended;
  expect(text).toMatch(/^train: --set: .*maxGradNorm/m);
  expect(text).not.toContain('again');
  expect(code).toBe(2);
});

it('a TF_CONFIG that is wrong ends the command before anything starts', async () => {
  const [command] = startWorkers(['localhost'], argvOf(path.join(temporary, 'none')));
  const { code, text } = await command!.ended;
  expect(code).toBe(2);
  expect(text).toMatch(/^train: TF_CONFIG: cluster\.worker\[0\]: expected host:port .*"localhost"/);
  expect(fs.existsSync(path.join(temporary, 'none'))).toBe(false);
});
