import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tf } from '../../lib/backend';
import {
  fromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../lib/io/safetensors';
import { namedParameters } from '../../lib/nn/state-dict';
import { Generator, randn } from '../../lib/random';
import { temporaryFolder as newFolder } from '../support/temporary';

const root = path.join(__dirname, '..', '..');

/** For hooks that run Python: on a busy machine its imports alone take a minute. */
export const MINUTES_10 = 600_000;

/** The Python that has torch, diffusers and transformers. */
export function findPython(): string {
  const local = path.join(root, '.venv-parity', 'bin', 'python');
  const told = process.env['SDM_PARITY_PYTHON'];
  const found = [told, local].find((file) => file !== undefined && existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    `The tests in test/parity need a Python with requirements-parity.txt at ${local}` +
      `${told === undefined ? '' : `, or at SDM_PARITY_PYTHON (${told})`}; there is none. ` +
      '`npm test` makes it. `npm test -- test/nn` runs other tests alone.',
  );
}

/** A new folder, removed after the file's tests. */
export const temporaryFolder = (): string => newFolder('parity');

/**
 * Python's environment: away from the network, its bytecode kept outside the folders of sources. To compile torch,
 * diffusers and transformers again takes each start three times as long.
 */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const { PYTHONDONTWRITEBYTECODE: _, ...inherited } = process.env;
  return {
    ...inherited,
    HF_HUB_OFFLINE: '1',
    TOKENIZERS_PARALLELISM: 'false',
    PYTHONPYCACHEPREFIX: path.join(root, '.venv-parity', 'pycache'),
  };
}

/**
 * Runs a script of test/parity in the folder that holds what it reads and gets what it writes.
 *
 * @throws Error with the end of what it printed, if it fails
 */
export function runPython(script: string, folder: string): void {
  const { status, stdout, stderr, error } = spawnSync(
    findPython(),
    [path.join(__dirname, script), folder],
    { encoding: 'utf8', env: pythonEnvironment() },
  );
  if (status === 0) return;
  const printed = `${stdout}\n${stderr}`.trim().split('\n').slice(-25).join('\n');
  throw new Error(`test/parity/${script} ended with ${status ?? String(error)}:\n${printed}`);
}

/** Numbers as torch lays them out. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Writes tensors for Python; those of rank 4 as [B, C, H, W], int32 ones as I32. */
export function writeTensors(file: string, tensors: Readonly<Record<string, tf.Tensor>>): void {
  const entries = Object.entries(tensors).map(([name, tensor]): [string, SafetensorsTensor] => {
    const moved = tensor.rank === 4 ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor.clone();
    const { shape } = moved;
    const data = moved.dataSync();
    moved.dispose();
    if (tensor.dtype !== 'int32') return [name, fromFloat32Array(data as Float32Array, shape)];
    return [name, { dtype: 'I32', shape, data: new Uint8Array(Int32Array.from(data).buffer) }];
  });
  writeSafetensors(file, new Map(entries));
}

/** Reads what Python wrote. */
export function readTensors(file: string): Map<string, Numbers> {
  const entries = [...readSafetensors(file).tensors].map(
    ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
  );
  return new Map(entries);
}

export function writeJson(file: string, value: unknown): void {
  writeFileSync(file, JSON.stringify(value));
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Moves every weight off its initial value, so that no bias of 0 and no norm of 1 hides an error. */
export function perturb(module: object, seed: number): void {
  const stream = new Generator(seed).stream('noise');
  for (const variable of namedParameters(module).values()) {
    const std = variable.rank === 1 ? 0.1 : 0.02;
    tf.tidy(() =>
      variable.assign(tf.add(variable, tf.mul(randn(variable.shape, stream.next()), std))),
    );
  }
}
