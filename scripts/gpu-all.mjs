// npm run gpu-all: all that is to be learnt of a GPU in a short time, the most important first. What fails or takes too long
// leaves the rest its turn; what was found is told after each part.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bindingOnGpu } from './bench/gpu/facts.mjs';
import { readCommandLine } from './commands/index.mjs';
import { partsWithin, summaryOf } from './gpu-check/plan.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { exitCodeOf, onStopRequest } from './setup/signals.mjs';

const { values } = readCommandLine('gpu-all');
if (!values['as-is']) await setUpOrExit();
bindingOnGpu('gpu-all');

const folder = inRoot('runs', 'gpu');
fs.mkdirSync(folder, { recursive: true });
let child;
onStopRequest((signal) => {
  child?.kill('SIGTERM');
  process.exit(exitCodeOf(null, signal));
});

/** Runs a part for so many seconds at most; its words go to a file, too. A training that is ended goes on next time. */
function run({ name, args }, seconds) {
  const log = fs.createWriteStream(path.join(folder, `${name}.log`));
  const started = performance.now();
  child = spawn(process.execPath, args, { cwd: inRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log, { end: false });
    stream.pipe(process.stdout, { end: false });
  }
  const timer = setTimeout(() => child.kill('SIGTERM'), seconds * 1000);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      log.end();
      resolve({
        name,
        ended: signal ?? `exit code ${code}`,
        seconds: (performance.now() - started) / 1000,
      });
    });
  });
}

const parts = partsWithin(values);
const end = performance.now() + values.minutes * 60_000;
const done = [];
for (const part of parts) {
  const left = (end - performance.now()) / 1000;
  if (left < 30) break;
  console.log(`\n== ${part.name}: npm run ${part.shown}`);
  done.push(await run(part, Math.min(left, part.seconds)));
  fs.writeFileSync(path.join(folder, 'summary.json'), `${JSON.stringify(done, null, 1)}\n`);
}
console.log(`\n${summaryOf(parts, done)}`);
process.exit(done.every(({ ended }) => /^(exit code 0|SIGTERM)$/.test(ended)) ? 0 : 1);
