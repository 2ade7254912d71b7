// Workers of one core each against one process of as many cores: seconds a step, in turns.
import fs from 'node:fs';
import { inRoot } from '../../setup/paths.mjs';
import { median } from '../compare.mjs';
import { Side } from '../side.mjs';
import { allowedCores, freePorts } from '../../cluster/plan.mjs';

const PRELOAD = inRoot('.setup', 'native', 'distributed.node');

/** One process of the comparison, on these cores. */
function start(cores, task, env = {}) {
  const script = inRoot('scripts', 'bench', 'workers', 'trainer.cjs');
  const node = [process.execPath, script, JSON.stringify(task)];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return new Side(['taskset', '-c', cores.join(), 'env', ...variables, ...node]);
}

/** Time of the processor, in its own ticks: of all that runs, and of these processes. */
function ticks(pids) {
  const fields = (file) => fs.readFileSync(file, 'utf8');
  const [user, nice, system, , , irq, soft, steal] = fields('/proc/stat')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const own = pids.map((pid) => {
    const after = fields(`/proc/${pid}/stat`).split(') ')[1].split(' ');
    return Number(after[11]) + Number(after[12]);
  });
  return { all: user + nice + system + irq + soft + steal, own: own.reduce((a, b) => a + b, 0) };
}

/** Calls `run`. @returns {Promise<[result: any, others: number]>} and how many cores others have kept busy meanwhile */
async function watched(pids, run) {
  const TICKS_A_SECOND = 100;
  const [before, start] = [ticks(pids), performance.now()];
  const result = await run();
  const after = ticks(pids);
  const others = after.all - before.all - (after.own - before.own);
  return [result, others / TICKS_A_SECOND / ((performance.now() - start) / 1000)];
}

/** Cores that others may keep busy in a pair that counts. */
const QUIET = 0.1;

const medians = (answer) => ({
  seconds: median(answer.seconds),
  parts: Object.fromEntries(
    Object.entries(answer.parts).flatMap(([name, all]) =>
      all.length > 0 ? [[name, median(all)]] : [],
    ),
  ),
});

/**
 * All processes stay, and take turns: while one side computes, the other one waits for its input. Pairs in which others have used
 * the processor do not count.
 *
 * @param {{ recipe: string, batchSize: number, workers: number, pairs: number, steps: number, trainer?: object }} what
 *   `steps` of each turn, of which the first is left out; `trainer`, options of the workers alone
 * @returns {Promise<{ alone: object[], together: object[], apart: number, disturbed: number }>} median seconds a step, and of its
 *   parts, of each turn; the largest relative difference of losses; how many pairs do not count
 */
export async function compareSpeed({ recipe, batchSize, workers, pairs, steps, trainer = {} }) {
  const cores = allowedCores().slice(0, workers);
  if (cores.length < workers) {
    throw new Error(
      `Expected a core for each of ${workers} workers, got ${cores.length} (taskset, cgroup).`,
    );
  }
  const task = { recipe, trainer: { batchSize } };
  const addresses = (await freePorts(workers)).map((port) => `127.0.0.1:${port}`);
  const alone = [start(cores, { ...task, member: null })];
  const together = cores.map((core, index) => {
    const member = { addresses, index, bind: '127.0.0.1' };
    const own = { ...task, member, trainer: { batchSize, ...trainer } };
    return start([core], own, { LD_PRELOAD: PRELOAD });
  });
  const sides = [...alone, ...together];
  const turn = async (some, count) => (await Promise.all(some.map((side) => side.steps(count))))[0];
  const found = { alone: [], together: [], apart: 0, disturbed: 0 };
  try {
    for (const side of sides) await side.ready();
    await turn(alone, 3); // traced, and memory taken
    await turn(together, 3);
    const pids = sides.map(({ pid }) => pid);
    while (found.alone.length < pairs && found.disturbed < 2 * pairs) {
      const both = async () => [await turn(alone, steps), await turn(together, steps)];
      const [[one, several], others] = await watched(pids, both);
      one.losses.forEach((loss, i) => {
        found.apart = Math.max(found.apart, Math.abs(several.losses[i] / loss - 1));
      });
      if (others > QUIET) {
        found.disturbed++;
        continue;
      }
      found.alone.push(medians(one));
      found.together.push(medians(several));
    }
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
  return found;
}
