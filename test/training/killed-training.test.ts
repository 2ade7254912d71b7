/** A whole training killed at random moments by `kill -9`, started again each time, to its end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { figure, seededRandom, times } from '../support/soak';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';

const temporary = mkdtempSync(path.join(tmpdir(), 'killed-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
vi.setConfig({ testTimeout: 3_600_000 });

const STEPS = times(8, 60);
const SAVE_EVERY = times(2, 5);

interface Life {
  readonly from: number;
  /** The losses of its steps, by number. */
  readonly losses: ReadonlyMap<number, string>;
  /** The last step that it said it had saved; 0 if none. */
  readonly saved: number;
  readonly weights: string | undefined;
}

/**
 * Runs the training, and kills it after a line.
 *
 * @param killAt which of its steps' and saves' lines is the last; it dies `delay` milliseconds later
 */
async function live(folder: string, killAt = Infinity, delay = 0): Promise<Life> {
  const script = path.join(__dirname, 'train-until-killed.cjs');
  const configs = JSON.stringify({ unet: TINY_UNET, text: TINY_TEXT });
  const args = [folder, String(STEPS), String(SAVE_EVERY), configs];
  const child = spawn(process.execPath, [script, ...args], {
    // Both ways of running it give the same; the graph takes long to load, for so few steps.
    env: { ...process.env, SDM_JIT: times(0, 1) === 0 ? 'off' : '' },
  });
  let printed = '';
  let isDying = false;
  child.stdout.on('data', (data: Buffer) => {
    printed += data.toString();
    if (isDying || (printed.match(/^(step|saved) /gm)?.length ?? 0) < killAt) return;
    isDying = true;
    setTimeout(() => child.kill('SIGKILL'), delay);
  });
  child.stderr.on('data', (data: Buffer) => (printed += data.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  expect(printed).not.toMatch(/warning|error/i);
  const all = (pattern: RegExp) => [...printed.matchAll(pattern)];
  return {
    from: Number(/^from (\d+)$/m.exec(printed)?.[1]),
    losses: new Map(all(/^step (\d+) (.+)$/gm).map(([, step, loss]) => [Number(step), loss!])),
    saved: Number(all(/^saved (\d+)$/gm).at(-1)?.[1] ?? 0),
    weights: /^weights (\w+)$/m.exec(printed)?.[1],
  };
}

it('ends with the weights and losses of one that was never killed', async () => {
  const straight = await live(path.join(temporary, 'straight'));
  expect(straight.weights).toMatch(/^[0-9a-f]{64}$/);
  const random = seededRandom(21);
  const folder = path.join(temporary, 'killed');
  const kills = times(2, 20);
  let [saved, lost] = [0, 0];
  let last: Life | undefined;
  let lives = 0;
  do {
    const killAt = lives < kills ? 1 + Math.floor(random() * (SAVE_EVERY + 2)) : Infinity;
    last = await live(folder, killAt, random() * 100);
    // It goes on from what was saved, or from a save that it had no time to tell.
    expect([saved, saved + SAVE_EVERY]).toContain(last.from);
    for (const [step, loss] of last.losses) expect(loss).toBe(straight.losses.get(step));
    const reached = Math.max(last.from, ...last.losses.keys());
    saved = Math.max(last.from, last.saved);
    if (last.weights === undefined) lost = Math.max(lost, reached - saved);
    lives += 1;
    expect(lives).toBeLessThan(100);
  } while (last.weights === undefined);
  expect(last.weights).toBe(straight.weights);
  expect(lives).toBeGreaterThan(1);
  expect(lost).toBeLessThanOrEqual(SAVE_EVERY);
  figure(
    'kill -9 of a whole training, started again each time',
    `${STEPS} steps in ${lives} processes, ${lives - 1} of them killed: losses and final weights bit-equal to the ` +
      `straight run's; at most ${lost} steps lost, with a save every ${SAVE_EVERY}`,
  );
});
