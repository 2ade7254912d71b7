// One row on a GPU: ours in turns with the peer op by op, then in turns with the peer by torch.compile. What fails leaves
// what was measured before.
import { differenceOf, median } from '../compare.mjs';
import { MODES } from './cases.mjs';

/** One side of a row: a process, what it has answered, and whose an error is. */
class Part {
  times = [];

  constructor(name, side) {
    Object.assign(this, { name, side });
  }

  async #ask(question) {
    try {
      return await question();
    } catch (error) {
      throw Object.assign(error, { part: this });
    }
  }

  /** Until its model is loaded. */
  async ready() {
    this.facts = await this.#ask(() => this.side.ready());
  }

  /** The first steps, whose results are compared: kernels are chosen, graphs traced, the model compiled. */
  async warmUp(count) {
    this.checked = await this.#ask(() => this.side.steps(count));
  }

  async turn(count) {
    this.answer = await this.#ask(() => this.side.steps(count));
    this.times.push(...this.answer.seconds);
  }

  /** @returns null if nothing was timed */
  summary() {
    if (this.times.length === 0) return null;
    const middle = median(this.times);
    const checked = this.checked.seconds;
    const inAll = checked.reduce((sum, one) => sum + one, 0);
    return {
      ...this.facts,
      median: middle,
      min: Math.min(...this.times),
      max: Math.max(...this.times),
      extra: Math.max(0, inAll - checked.length * middle),
      seconds: this.times,
      precision: this.answer.precision,
      peakGb: this.answer.peak,
      deviceGb: this.answer.deviceGb ?? null,
      deviceReservedGb: this.answer.deviceReservedGb ?? null,
    };
  }
}

const failed = ({ message }) => ({ failed: message });

/** A row of which nothing is measured yet. */
export const emptyRow = ({ name, title, kind, precision, wanted }) => ({
  name,
  title,
  kind,
  precision,
  wanted,
  ours: null,
  ...Object.fromEntries(MODES.map((mode) => [mode, null])),
});

/**
 * Measures a row, and puts what it finds into `result`: for each side a summary, or why it failed.
 *
 * @param {ReturnType<typeof import('./cases.mjs').gpuRows>[number]} row
 * @param {ReturnType<typeof emptyRow>} result
 * @param {object} options
 * @param {(name: string, task: object) => import('../side.mjs').Side} options.start
 * @param {{ checked: number, rounds: number, perRound: number }} options.effort
 * @param {number} options.lowerSides how many of two sides compute in less than float32
 * @param {Record<string, string>} options.hopeless reasons of modes that need not be tried
 * @param {(pid: number) => number | null} options.deviceGbOf
 * @param {(name: string) => void} options.onPart called when a side of the peer is done
 */
export async function measureRow(row, result, options) {
  const { start, effort, lowerSides, hopeless, deviceGbOf, onPart } = options;
  const modes = MODES.filter((mode) => hopeless[mode] === undefined);
  for (const mode of MODES) if (!modes.includes(mode)) result[mode] = { failed: hopeless[mode] };
  // They load their models side by side.
  const parts = Object.fromEntries(
    ['ours', ...modes].map((name) => [name, new Part(name, start(name, row.tasks[name]))]),
  );
  const { ours } = parts;
  try {
    const loaded = await Promise.allSettled(Object.values(parts).map((part) => part.ready()));
    if (loaded[0].status === 'rejected') throw loaded[0].reason;
    await ours.warmUp(effort.checked);
    for (const [i, mode] of modes.entries()) {
      const peer = parts[mode];
      try {
        if (loaded[i + 1].status === 'rejected') throw loaded[i + 1].reason;
        await peer.warmUp(effort.checked);
        for (let round = 0; round < effort.rounds; round++) {
          for (const part of [peer, ours]) await part.turn(effort.perRound);
        }
        const [a, b] = [ours, peer].map((part) => part.checked.results.flat());
        result[mode] = { ...peer.summary(), ...differenceOf(row.kind, lowerSides, a, b) };
        result.ours = { ...ours.summary(), deviceGb: deviceGbOf(ours.side.pid) };
      } catch (error) {
        if (error.part === ours) throw error;
        result[mode] = failed(error);
      }
      await peer.side.close(); // its memory is free for the next
      onPart(mode);
    }
  } catch (error) {
    if (error.part !== ours) throw error;
    result.ours ??= failed(error);
    for (const mode of modes) result[mode] ??= { failed: `ours ended: ${error.message}` };
    onPart('ours');
  } finally {
    await Promise.all(Object.values(parts).map(({ side }) => side.close()));
  }
}
