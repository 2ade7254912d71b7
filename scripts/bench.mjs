// npm run bench: the library against PyTorch with diffusers, on this machine.
//
//   npm run bench -- --help
//
// Prints medians, ratios and peak memory (of the whole process, each side has one) and writes them to
// runs/bench/. With --device gpu (bench/gpu/) the peer computes on the same card, op by op and by
// torch.compile. SDM_PARITY_PYTHON names a Python that has torch and diffusers, instead of the set-up's.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { cases, sweep } from './bench/cases.mjs';
import { compare } from './bench/compare.mjs';
import { GPU_CASES } from './bench/gpu/cases.mjs';
import { bindingOnGpu, peerOnGpu } from './bench/gpu/facts.mjs';
import { benchOnGpu } from './bench/gpu/run.mjs';
import { comparisonTable, costTable, machine, misses, writeReport } from './bench/report.mjs';
import { runSweep } from './bench/sweep.mjs';
import { WANTED, webStep, webStepText } from './bench/web-step.mjs';
import { misuse } from './command-line/command.mjs';
import { CASES } from './commands/bench.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { output } from './setup/command.mjs';
import { inRoot, parityVenv } from './setup/paths.mjs';
import { compilePackages, parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = readCommandLine('bench');
const isOnGpu = values.device === 'gpu';
const only = values.only.length > 0 ? values.only.flat() : isOnGpu ? GPU_CASES : CASES;

// All processes of a run inherit it: on a CPU none of them takes a GPU that is there, on a GPU all take the same.
if (isOnGpu) process.env.CUDA_VISIBLE_DEVICES ??= '0';
else process.env.CUDA_VISIBLE_DEVICES = '-1';

const ownPython = process.env.SDM_PARITY_PYTHON;
if (ownPython && output(ownPython, ['--version']) === null) {
  misuse(commands.bench, [
    `SDM_PARITY_PYTHON is '${ownPython}', which is no Python that can be run.`,
  ]);
}
// Without a GPU PyTorch need not be installed first.
if (isOnGpu) await setUpOrExit();
const binding = isOnGpu ? bindingOnGpu() : null;
const extra = isOnGpu ? [parityPackages, compilePackages] : [parityPackages];
await setUpOrExit({ extra: ownPython ? [] : extra });
const python = ownPython || path.join(parityVenv, 'bin', 'python');

const written = new Set();

/** Weights and data of a width, written anew by each run: the library that writes them may have changed. */
function inputsOf(width) {
  const folder = inRoot('runs', 'bench', `inputs-width-${width}`);
  if (!written.has(width)) {
    execFileSync(process.execPath, ['scripts/bench/inputs.cjs', folder, String(width)], {
      cwd: inRoot(),
    });
  }
  written.add(width);
  return folder;
}

/** More steps where they are short. */
function effortOf({ ours }) {
  if (values.quick) return { checked: 2, rounds: 1, perRound: 1 };
  if (ours.batch > 128 || ours.kind === 'sample') return { checked: 2, rounds: 3, perRound: 1 };
  return { checked: 3, rounds: 5, perRound: 3 };
}

const say = (text) => console.error(text);

if (isOnGpu) {
  const { quick, xla } = values;
  const tf32 = process.env.NVIDIA_TF32_OVERRIDE === '0' ? 'off' : (values.tf32 ?? 'same');
  const peer = peerOnGpu(python);
  const makeInputs = () => inputsOf(1);
  const isWhole = await benchOnGpu({
    only,
    quick,
    tf32,
    xla,
    python,
    binding,
    peer,
    makeInputs,
    say,
  });
  process.exit(isWhole ? 0 : 1);
}

const facts = machine();
say(`${facts.cores} × ${facts.cpu}, ${facts.memoryGb} GB, load ${facts.load.toFixed(1)}`);
if (facts.load > 0.5) say('Other programs are at work on this machine: the times will be off.');

if (values.sweep) {
  await runSweep(sweep, { python, inputsOf, quick: values.quick, machine: facts, say });
  process.exit();
}

const results = [];
const chosen = cases.filter(({ name }) => only.includes(name));
for (const [i, found] of chosen.entries()) {
  say(`case ${i + 1} of ${chosen.length}: ${found.title} …`);
  const result = await compare(found, { inputs: inputsOf(1), python, effort: effortOf(found) });
  results.push({ ...found, kind: found.ours.kind, ...result });
}
if (results.length > 0) console.log(`\n${comparisonTable(results)}\n`);
for (const { title, kind, difference, peer, ours } of results) {
  const what = kind === 'train' ? 'losses' : 'images';
  const extra = ours.first - ours.median;
  console.log(
    `${title}: ${what} equal to ${difference.toExponential(1)}; ` +
      `our first run took ${extra.toFixed(1)} s more than later ones; ` +
      `peer in ${peer.precision ?? 'float32'}, ours in ${ours.precision}`,
  );
}

let compile = null;
if (only.includes('compile')) {
  say('trace and load of the train step …');
  const output = execFileSync(process.execPath, ['scripts/bench/compile.cjs', inputsOf(1)], {
    cwd: inRoot(),
  });
  compile = JSON.parse(output);
  const { seconds, memoryGb } = compile;
  console.log(
    `trace and load of the train step at batch 512: ${seconds.toFixed(1)} s (wanted ≤ 6), ` +
      `${(memoryGb * 1000).toFixed(0)} MB (wanted ≤ 600)`,
  );
}

let costs = null;
if (only.includes('cost')) {
  say('operations, bytes and times of the train step, by groups of ops …');
  const output = execFileSync(process.execPath, ['scripts/bench/cost.cjs', inputsOf(1)], {
    cwd: inRoot(),
  });
  costs = JSON.parse(output);
  for (const cost of costs) console.log(`\n${costTable(cost)}`);
}

let web = null;
if (only.includes('web-step')) {
  say("a step by WebAssembly, ours and onnxruntime-web's in turns …");
  web = webStep({ python, quick: values.quick });
  console.log(webStepText(web));
}

const missed = results.flatMap(misses);
for (const { batch, speed } of web ?? []) {
  if (speed < WANTED)
    missed.push(
      `UNet step in WebAssembly, batch ${batch}: ${speed.toFixed(2)} of onnxruntime-web's speed, wanted ${WANTED}`,
    );
}
if (compile?.seconds > 6 || compile?.memoryGb > 0.6) missed.push('trace and load');
console.log(missed.length === 0 ? 'Nothing missed.' : `Missed:\n  ${missed.join('\n  ')}`);
console.log(
  writeReport(values.quick ? 'quick' : 'bench', { machine: facts, results, compile, costs, web }),
);
