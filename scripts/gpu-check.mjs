// npm run gpu-check: whether a GPU computes what it should; without one the same on the CPU.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { readCommandLine } from './commands/index.mjs';
import { GPU_CHECK_PARTS } from './commands/gpu-check.mjs';
import { askNvidiaSmi } from './doctor/gpu-facts.mjs';
import { isFine, lineOf, onCpu, rowsOf, verdictOf } from './gpu-check/report.mjs';
import { chooseDevice } from './setup/device.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = readCommandLine('gpu-check');
const only = values.only.flat();
const parts = only.length > 0 ? only : GPU_CHECK_PARTS;
const json = values.json ?? inRoot('runs', 'gpu-check.json');
if (!values['as-is']) await setUpOrExit();

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gpu-check-'));
const pictures = path.join(folder, 'pictures.json');
const script = (name) => inRoot('scripts', 'gpu-check', name);

/** Pictures by TensorFlow's own ops on the CPU, which are those of a GPU. */
function drawOnCpu() {
  const env = { ...process.env, CUDA_VISIBLE_DEVICES: '-1', SDM_FUSED: 'off' };
  const { status, stderr } = spawnSync(process.execPath, [script('pictures.cjs'), pictures], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Drawing on the CPU failed: ${stderr}`);
}

/** @param {'float32' | 'tf32'} mode */
async function run(mode) {
  const env = { ...process.env, ...(mode === 'float32' && { NVIDIA_TF32_OVERRIDE: '0' }) };
  const args = [script('worker.cjs'), mode, pictures, ...parts];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const answers = [];
  const ended = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  for await (const line of readline.createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const message = JSON.parse(line);
    answers.push(message);
    if (message.what || message.error) console.log(lineOf({ mode, ...message }));
  }
  const device = answers[0]?.device;
  return { device, rows: rowsOf(answers, parts, { mode, ended: await ended }) };
}

try {
  if (parts.includes('pictures')) drawOnCpu();
  const { gpus } = askNvidiaSmi();
  const card = gpus.map(({ name, driver }) => `${name}, driver ${driver}`).join('; ') || null;
  const plain = await run('float32');
  const isGpu = plain.device?.device === 'gpu';
  const isAsWanted = isGpu || card === null || chooseDevice() === 'cpu';
  if (!isGpu) console.log(onCpu(card, isAsWanted));
  const rows = [...plain.rows, ...(isGpu ? (await run('tf32')).rows : [])];
  const isWell = rows.every(isFine) && isAsWanted;
  const found = { date: new Date().toISOString(), card, ...plain.device, rows, isWell };
  fs.mkdirSync(path.dirname(json), { recursive: true });
  fs.writeFileSync(json, `${JSON.stringify(found, null, 1)}\n`);
  console.log(`\n${verdictOf(rows)}\nFigures: ${path.relative(process.cwd(), json)}`);
  process.exitCode = isWell ? 0 : 1;
} finally {
  fs.rmSync(folder, { recursive: true });
}
