/**
 * Workers that are killed, stopped, cut off, never come or die while saving: the others end in time and say who is gone, and the
 * run that is started again equals one without faults to the bit.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { figure, seededRandom, times } from '../support/soak';
import { weightsOf } from './commands';
import { FaultyRun, NAMED, type Aftermath, type FaultName } from './faulty-run';
import { newNetwork, whyNoNetwork, type Network } from './network';

vi.setConfig({ testTimeout: 3_600_000 });
const temporary = mkdtempSync(path.join(tmpdir(), 'fault-cycles-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Seconds without an answer after which a worker is gone. */
const TIMEOUT = times(12, 20);
/** Beside them: a round of questions, and the time in which those that end go on answering. */
const ROUND = 30;
const WORKER_LOST = 75;

const ALL: FaultName[] = ['killed', 'stopped', 'chief saving', 'missing', 'cut'];
const IN_WORDS: Record<FaultName, string> = {
  killed: 'one of them killed (-9) in mid-step',
  stopped: 'one of them stopped (SIGSTOP)',
  missing: 'one of which never comes',
  'chief saving': 'the chief killed while it saves',
  cut: 'the network of one cut for 30 s',
};
/** Runs side by side, and the faults of each. In `npm run soak` one kind of fault at a time, twenty of it in all. */
const RUNS = times(1, 4);
const isLong = times(0, 1) === 1;
const PLANS: [name: string, faults: FaultName[]][] = isLong
  ? ALL.map((fault) => [fault, Array<FaultName>(5).fill(fault)])
  : [
      ['killed, stopped, saving, missing', ALL.slice(0, 4)],
      ['cut', ['cut']],
    ];
const STEPS = times(28, 34);

const networks: Network[] = [];
afterAll(() => networks.forEach((network) => network.close()));
function network(): Network | null {
  if (whyNoNetwork !== null) return null;
  networks.push(newNetwork(2));
  return networks.at(-1)!;
}

function runOf(name: string, seed = 0): FaultyRun {
  const folder = path.join(temporary, name);
  const options = { folder, steps: STEPS, timeout: TIMEOUT, network: network() };
  return new FaultyRun({ ...options, cutSeconds: times(0, 30), random: seededRandom(seed) });
}

function expectOrderly({ fault, survivors, seconds, hasCheckpoint }: Aftermath): void {
  for (const { code, text } of survivors) {
    expect(text).toMatch(/cannot go on: /);
    expect(text).toMatch(NAMED[fault]);
    expect(code).toBe(WORKER_LOST);
  }
  expect(seconds).toBeLessThan(TIMEOUT + ROUND);
  expect(hasCheckpoint).toBe(true);
}

async function finished(run: FaultyRun) {
  for (const { code, text } of await run.finish()) expect([code, text]).toEqual([0, text]);
  return { losses: run.losses(), weights: weightsOf(path.join(run.folder, `checkpoint-${STEPS}`)) };
}

let straight: ReturnType<typeof finished> | undefined;

for (const [name, faults] of PLANS) {
  const isPossible = whyNoNetwork === null || !faults.includes('cut');
  const why = isPossible ? '' : ` (needs the right to make network namespaces: ${whyNoNetwork})`;
  it.skipIf(!isPossible)(`${name}: in time, by name, and bit-equal in the end${why}`, async () => {
    const expected = await (straight ??= finished(runOf('straight')));
    const seconds: number[] = [];
    const broken = async (_: unknown, i: number) => {
      const run = runOf(`${name}-${i}`, i + 1);
      for (const fault of faults) {
        const after = await run.break(fault);
        expectOrderly(after);
        seconds.push(after.seconds);
      }
      expect(await finished(run)).toEqual(expected);
    };
    await Promise.all(Array.from({ length: RUNS }, broken));
    figure(
      `two workers${whyNoNetwork === null ? ' with an address each' : ''}, ${IN_WORDS[faults[0]!]}, ${seconds.length} times`,
      `the others named it and ended with code 75 each time, ${Math.max(...seconds).toFixed(1)} s after the fault at most ` +
        `(timeout ${TIMEOUT} s); no checkpoint lost; losses and final weights bit-equal to a run without faults`,
    );
  });
}
