/** One kernel for long: what it holds does not grow, and Stop and errors leave nothing behind. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { figure, times } from '../support/soak';
import { temporaryRoot } from '../support/temporary';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';
import { runPython } from './run-python';

interface Measurement {
  readonly step: number;
  /** Of tfjs, of TensorFlow itself, and graphs that it has loaded. */
  readonly tensors: number;
  readonly native: number;
  readonly graphs: number;
  /** Bytes: all of the process's resident memory, and what of it is no file. */
  readonly resident: number;
  readonly anonymous: number;
}

interface Result {
  readonly before: Measurement;
  readonly rounds: Measurement[];
  readonly stops: { kind: string; stopped: boolean; step: number; later: number }[];
  readonly errors: string[];
}

const steps = times(20, 20);
const rounds = times(3, 100);
const faults = times(3, 20);

const folder = mkdtempSync(path.join(temporaryRoot, 'long-kernel-'));
let result: Result;

beforeAll(async () => {
  const [plan, found] = ['plan.json', 'result.json'].map((name) => path.join(folder, name));
  const configs = { unet: TINY_UNET, text: TINY_TEXT };
  writeFileSync(plan!, JSON.stringify({ steps, rounds, faults, ...configs }));
  const args = [plan!, found!, path.join(root, 'notebooks'), path.join(folder, 'run')];
  await runPython('long_run.py', ...args);
  result = JSON.parse(readFileSync(found!, 'utf8')) as Result;
}, 7_200_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Megabytes by which memory grows in a hundred steps: the least-squares line through the measurements. */
function slope(measurements: readonly Measurement[], key: 'resident' | 'anonymous'): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(measurements.map(({ step }) => step));
  const y = mean(measurements.map((m) => m[key]));
  const over = measurements.reduce((sum, m) => sum + (m.step - x) * (m[key] - y), 0);
  return ((over / measurements.reduce((sum, m) => sum + (m.step - x) ** 2, 0)) * 100) / 1e6;
}

it('leaves no tensor and no graph behind', () => {
  const counts = ({ tensors, native, graphs }: Measurement) => ({ tensors, native, graphs });
  for (const round of result.rounds) expect(counts(round)).toEqual(counts(result.before));
});

it('ends training, sampling and evaluation when Stop is pressed, and no step follows', () => {
  expect(new Set(result.stops.map(({ kind }) => kind)).size).toBe(3);
  expect(result.stops).toHaveLength(faults);
  for (const stop of result.stops) {
    expect(stop).toMatchObject({ stopped: true, later: stop.step });
  }
});

it('shows each error, and goes on', () => {
  expect(result.errors).toHaveLength(faults);
  expect(result.errors.slice(0, 6)).toEqual(
    [
      'Error: in a step',
      'Error: while it draws',
      'Error: among tensors',
      expect.stringMatching(/^TypeScriptError: .*number.*string/),
      expect.stringMatching(/^RangeError: Trainer: batchSize/),
      expect.stringMatching(/^Error: .*no such folder/),
    ].slice(0, faults),
  );
});

it('takes no more memory', () => {
  const settled = result.rounds.slice(rounds >> 2);
  const [resident, anonymous] = [slope(settled, 'resident'), slope(settled, 'anonymous')];
  const { step, tensors, native, graphs } = result.rounds.at(-1)!;
  figure(
    `${step} steps, ${rounds} saves and loads, ${faults} Stops and ${faults} errors in one kernel`,
    `tensors of tfjs ${tensors}, of TensorFlow ${native}, graphs ${graphs} before and after; resident memory ` +
      `grows by ${resident.toFixed(2)} MB in 100 steps (without mapped files: ${anonymous.toFixed(2)} MB; ` +
      `${settled.length} measurements after the first quarter)`,
  );
  // A few rounds are too short to tell growth from noise.
  if (rounds < 100) return;
  expect(resident).toBeLessThan(1);
  expect(anonymous).toBeLessThan(1);
});
