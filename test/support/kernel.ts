/** Asks a real kernel, over Jupyter's own client. */

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadScript, root } from './script';

const { jupyterEnvironment, venvPython } = loadScript<{
  jupyterEnvironment: () => NodeJS.ProcessEnv;
  venvPython: string;
}>('setup/paths.mjs');

export interface Output {
  readonly type: string;
  readonly name?: string;
  readonly text?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly ename?: string;
  readonly evalue?: string;
  readonly traceback?: readonly string[];
  readonly execution_count?: number;
}

export interface Outcome {
  /** Type and content of the answer; null if there was none. */
  readonly reply: Readonly<Record<string, unknown>> | null;
  /** All that was published: its type, and the state where it is a status. */
  readonly published: readonly (readonly string[])[];
  readonly input: { readonly code: string; readonly execution_count: number } | null;
  readonly outputs: readonly Output[];
  /** Why nbformat cannot write a notebook with these outputs; null if it can. */
  readonly unsaved: string | null;
  /** Its place among the answers to what was sent with it. */
  readonly rank: number | null;
}

export interface Meanwhile {
  readonly meanwhile: Outcome;
  readonly asked: readonly Outcome[];
  readonly wasRunning: boolean;
  readonly connected: { readonly states: readonly string[]; readonly answered: boolean } | null;
}

export interface Request {
  readonly code?: string;
  /** Of an execute_request. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly type?: string;
  readonly content?: Readonly<Record<string, unknown>>;
  readonly channel?: 'shell' | 'control';
}

type Step = readonly Request[] | object;

/** Runs the steps on a new kernel; see `test/kernel/ask.py`. */
export async function askKernel<T = Outcome[]>(steps: readonly Step[]): Promise<T[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-kernel-'));
  try {
    const [requests, outcomes] = ['requests.json', 'outcomes.json'].map((name) =>
      path.join(folder, name),
    ) as [string, string];
    fs.writeFileSync(requests, JSON.stringify(steps));
    const script = path.join(root, 'test', 'kernel', 'ask.py');
    await promisify(execFile)(
      venvPython,
      ['-B', script, requests, outcomes, path.join(root, 'notebooks')],
      { env: jupyterEnvironment(), maxBuffer: 1 << 26 },
    );
    return JSON.parse(fs.readFileSync(outcomes, 'utf8')) as T[];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Runs cells one after the other on a new kernel. */
export async function runCells(cells: readonly string[]): Promise<Outcome[]> {
  const outcomes = await askKernel(cells.map((code) => [{ code }]));
  return outcomes.map(([outcome]) => outcome as Outcome);
}

/** Streams as [name, text], joined where one follows another of its name; other outputs as [type]. */
export function printed({ outputs }: Outcome): string[][] {
  const parts: string[][] = [];
  for (const { type, name, text } of outputs) {
    if (type !== 'stream') parts.push([type]);
    else if (parts.at(-1)?.[0] === name && parts.at(-1)?.length === 2)
      parts.splice(-1, 1, [name as string, `${parts.at(-1)?.[1]}${text}`]);
    else parts.push([name as string, text as string]);
  }
  return parts;
}
