// TF_CONFIG of a Slurm job step: `srun node scripts/cluster/slurm.mjs -- npm run train -- …` in each task. Slurm tells each
// task its number and the nodes of all (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES").
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeOf } from '../setup/signals.mjs';

/** The node names of a list in Slurm's short form: `gpu[01-03,7],login`. */
export function expandNodes(list) {
  const names = [];
  for (const [, prefix, ranges, suffix] of list.matchAll(
    /([^,[\]]+)(?:\[([^\]]*)\])?([^,[\]]*),?/g,
  )) {
    if (ranges === undefined) {
      names.push(prefix);
      continue;
    }
    for (const range of ranges.split(',')) {
      const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
      if (from === undefined || Number(to) < Number(from)) {
        throw new Error(`SLURM_STEP_NODELIST: expected ranges such as 01-03, got '${range}'.`);
      }
      for (let i = Number(from); i <= Number(to); i++) {
        names.push(`${prefix}${String(i).padStart(from.length, '0')}${suffix}`);
      }
    }
  }
  return names;
}

/** Tasks of each node, of Slurm's short form: `2(x3),1`. */
export function expandTasks(text) {
  return text.split(',').flatMap((part) => {
    const [, count, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    if (count === undefined) {
      throw new Error(`SLURM_STEP_TASKS_PER_NODE: expected counts such as 2(x3),1, got '${text}'.`);
    }
    return Array.from({ length: Number(times) }, () => Number(count));
  });
}

/**
 * TF_CONFIG of this task: one worker for each task, in the order of their numbers with Slurm's block distribution. Those of a
 * node have ports one after the other.
 *
 * @param {Record<string, string | undefined>} env of a task that srun started
 * @param {number} [port] of the first task of each node; by default by the job's number, so that two jobs can share a node
 * @returns {string} JSON
 * @throws {Error} naming the variable that is missing, or does not fit the others
 */
export function tfConfigOfSlurm(env, port) {
  const read = (...names) => {
    const name = names.find((candidate) => env[candidate]);
    if (name !== undefined) return env[name];
    throw new Error(
      `Expected ${names.join(' or ')} in the environment: start it by srun, in a job.`,
    );
  };
  const nodes = expandNodes(read('SLURM_STEP_NODELIST', 'SLURM_JOB_NODELIST'));
  const tasks = expandTasks(read('SLURM_STEP_TASKS_PER_NODE', 'SLURM_TASKS_PER_NODE'));
  const index = Number(read('SLURM_PROCID'));
  if (nodes.length !== tasks.length) {
    throw new Error(
      `Expected as many counts of tasks as nodes (${nodes.length}: ${nodes.join(', ')}), got ${tasks.length}.`,
    );
  }
  const first = port ?? 20000 + ((Number(read('SLURM_JOB_ID')) * 64) % 12000);
  const worker = nodes.flatMap((node, n) =>
    Array.from({ length: tasks[n] }, (_, i) => `${node}:${first + i}`),
  );
  if (!Number.isInteger(index) || index < 0 || index >= worker.length) {
    throw new Error(
      `SLURM_PROCID: expected a number from 0 to ${worker.length - 1}, got ${env.SLURM_PROCID}.`,
    );
  }
  return JSON.stringify({ cluster: { worker }, task: { type: 'worker', index } });
}

/** Runs a command with TF_CONFIG set, and ends as it does. */
function main() {
  const [, , dashes, command, ...words] = process.argv;
  if (dashes !== '--' || command === undefined) {
    process.stderr.write(
      'Expected `node scripts/cluster/slurm.mjs -- COMMAND …`, started by srun.\n',
    );
    process.exit(2);
  }
  let config;
  try {
    config = tfConfigOfSlurm(process.env);
  } catch (error) {
    process.stderr.write(`slurm: ${error.message}\n`);
    process.exit(2);
  }
  const env = { ...process.env, TF_CONFIG: config };
  const child = spawn(command, words, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`slurm: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(exitCodeOf(code, signal)));
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
