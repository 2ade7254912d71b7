// Our WebAssembly engine against onnxruntime-web's: the same UNet step, one thread each, in turns in one process. What it needs
// beside the set-up's packages (onnxruntime-web, and onnx to export the UNet from PyTorch) is fetched into a folder of its own, by
// npm and pip as they are configured.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { inRoot } from '../setup/paths.mjs';
import { median } from './compare.mjs';

const RUNTIME = 'onnxruntime-web@1.30.0';
const EXPORTER = ['onnx==1.23.2', 'protobuf==7.36.2', 'ml_dtypes==0.6.0'];
const MODEL = inRoot('checkpoints', 'mnist-text-to-image');

/** Of onnxruntime-web's speed, at least. */
export const WANTED = 0.8;

/** Outputs are equal to this, of the largest. */
const TOLERANCE = 2e-5;

const quiet = { stdio: ['ignore', 'pipe', 'inherit'], cwd: inRoot() };

/** Fetches and exports once; a folder that is there is whole. @returns {{ onnx: string, runtime: string }} */
function prepare(python) {
  const folder = inRoot('runs', 'bench', 'onnx');
  if (!fs.existsSync(folder)) {
    const aside = `${folder}.part`;
    fs.rmSync(aside, { recursive: true, force: true });
    fs.mkdirSync(aside, { recursive: true });
    const npm = [
      'install',
      '--prefix',
      aside,
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      RUNTIME,
    ];
    execFileSync('npm', npm, quiet);
    const packages = path.join(aside, 'python');
    const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', packages, ...EXPORTER];
    execFileSync(python, pip, quiet);
    const script = ['-B', 'scripts/bench/export_onnx.py', MODEL, path.join(aside, 'unet.onnx')];
    execFileSync(python, script, { ...quiet, env: { ...process.env, PYTHONPATH: packages } });
    fs.renameSync(aside, folder);
  }
  const dist = path.join(folder, 'node_modules', 'onnxruntime-web', 'dist');
  return { onnx: path.join(folder, 'unet.onnx'), runtime: path.join(dist, 'ort.node.min.mjs') };
}

/**
 * @param {{ python: string, quick: boolean }} options
 * @returns for each batch the medians in seconds, of the processor and of the clock, and our speed as a share of the peer's
 * @throws Error if the two compute different things
 */
export function webStep({ python, quick }) {
  const task = {
    ...prepare(python),
    checkpoint: MODEL,
    batches: quick ? [1] : [1, 2, 10],
    rounds: quick ? 2 : 7,
  };
  const args = ['scripts/bench/web-engines.mjs', JSON.stringify(task)];
  const results = JSON.parse(execFileSync(process.execPath, args, quiet));
  return results.map(({ batch, difference, times }) => {
    if (!(difference <= TOLERANCE)) {
      throw new Error(
        `The two engines compute different things: outputs of batch ${batch} differ by ${difference} of the largest, allowed is ${TOLERANCE}.`,
      );
    }
    const medianOf = (name, kind) => median(times[name].map((one) => one[kind]));
    const [ours, peer] = ['ours', 'peer'].map((name) => ({
      processor: medianOf(name, 'processor'),
      clock: medianOf(name, 'clock'),
    }));
    return { batch, difference, ours, peer, speed: peer.processor / ours.processor };
  });
}

/** @param {ReturnType<typeof webStep>} results @returns {string} a line for each batch */
export function webStepText(results) {
  const ms = (seconds) => (1000 * seconds).toFixed(0);
  return results
    .map(
      ({ batch, difference, ours, peer, speed }) =>
        `UNet step in WebAssembly, batch ${batch}, one thread: ${ms(ours.processor)} ms of processor (${ms(ours.clock)} of the clock), ` +
        `onnxruntime-web ${ms(peer.processor)} (${ms(peer.clock)}): ${speed.toFixed(2)} of its speed (wanted ≥ ${WANTED}); ` +
        `outputs equal to ${difference.toExponential(1)}`,
    )
    .join('\n');
}
