// npm run bench -- --device gpu: rows one by one, each reported and saved as soon as a part of it is there.
import path from 'node:path';
import { askNvidiaSmi } from '../../doctor/gpu-facts.mjs';
import { inRoot } from '../../setup/paths.mjs';
import { exitCodeOf, onStopRequest } from '../../setup/signals.mjs';
import { machine, reportFile, writeReport } from '../report.mjs';
import { Side } from '../side.mjs';
import { gpuRows } from './cases.mjs';
import { deviceGbOf } from './facts.mjs';
import { gpuMachineText, gpuMisses, gpuTable, memoryNote, rowNotes } from './report.mjs';
import { emptyRow, measureRow } from './row.mjs';

/** Steps are short there, so that there can be many. */
function effortOf({ kind }, quick) {
  if (quick) return { checked: 2, rounds: 1, perRound: 1 };
  if (kind === 'sample') return { checked: 2, rounds: 5, perRound: 2 };
  return { checked: 4, rounds: 5, perRound: 10 };
}

const NO_TRITON =
  'this Python has no triton, which torch.compile needs on a GPU: install the one that its PyTorch names (pip show torch)';

/**
 * @param {object} options
 * @param {string[]} options.only
 * @param {boolean} options.quick
 * @param {'same' | 'default' | 'off'} options.tf32
 * @param {boolean} [options.xla] whether our training steps are compiled by XLA
 * @param {string} options.python
 * @param {{ tensorflow: string }} options.binding what the native binding says
 * @param {{ torch: string, cuda: string, name: string, triton: boolean }} options.peer what PyTorch says
 * @param {() => string} options.makeInputs the folder of weights and data
 * @param {(text: string) => void} options.say
 * @param {(command: string[], env: Record<string, string>) => Side} [options.spawnSide] starts a side's process
 * @returns {Promise<boolean>} whether all was measured and agrees
 */
export async function benchOnGpu(options) {
  const { only, quick, tf32, xla = false, python, binding, peer, makeInputs, say } = options;
  const { spawnSide = (command, env) => new Side(command, env) } = options;
  const { torch, cuda, name } = peer;
  const gpu = {
    name,
    driver: askNvidiaSmi().gpus[0]?.driver || null,
    torch,
    cuda,
    tensorflow: binding.tensorflow,
    tf32,
  };
  const facts = { ...machine('gpu'), gpu };
  say(gpuMachineText(facts));

  const rows = gpuRows(only, tf32, xla);
  const results = rows.map(emptyRow);
  const label = quick ? 'gpu-quick' : 'gpu';
  const file = reportFile(label);
  say(`What is measured is kept in ${path.relative(inRoot(), file)} as it comes.`);
  const save = () => writeReport(label, { machine: facts, results }, file);
  const tell = () => {
    console.log(`\n${gpuMachineText(facts)}\n\n${gpuTable(results)}\n\n${memoryNote(results)}`);
    for (const note of results.flatMap(rowNotes)) console.log(note);
    const missed = results.flatMap(gpuMisses);
    console.log(missed.length === 0 ? 'Nothing missed.' : `Missed:\n  ${missed.join('\n  ')}`);
    console.log(save());
  };

  const sides = new Set();
  let isStopped = false;
  const stop = (signal) => {
    if (isStopped) return;
    isStopped = true;
    for (const side of sides) side.kill();
    tell();
    process.exit(exitCodeOf(null, signal));
  };
  onStopRequest(stop);
  process.on('SIGINT', () => stop('SIGINT')); // in a terminal, too

  const inputs = makeInputs();
  const env = {
    // What Python compiles of its modules is kept: three sides for each row import the same.
    PYTHONPYCACHEPREFIX: inRoot('runs', 'bench', 'pycache'),
    ...(tf32 === 'off' && { NVIDIA_TF32_OVERRIDE: '0' }),
  };
  const start = (part, task) => {
    const argument = JSON.stringify({ ...task, inputs });
    const command =
      part === 'ours'
        ? [process.execPath, 'scripts/bench/ours.cjs', argument]
        : [python, 'scripts/bench/peer.py', argument];
    const side = spawnSide(command, env);
    sides.add(side);
    return side;
  };
  for (const [i, row] of rows.entries()) {
    const result = results[i];
    say(`case ${i + 1} of ${rows.length}: ${row.title} …`);
    await measureRow(row, result, {
      start,
      effort: effortOf(row, quick),
      lowerSides: row.precision === 'float32' && tf32 === 'off' ? 0 : 2,
      hopeless: peer.triton ? {} : { compile: NO_TRITON },
      deviceGbOf,
      onPart() {
        save();
        say(gpuTable([result]));
      },
    });
  }
  tell();
  const isWhole = ({ ours, eager, compile }) =>
    [ours, eager, compile].every((side) => side?.median !== undefined && side.agrees !== false);
  return results.every(isWhole);
}
