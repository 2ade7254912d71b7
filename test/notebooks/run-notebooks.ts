import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { loadScript, root } from '../support/script';

const { jupyterEnvironment, venvPython } = loadScript<{
  jupyterEnvironment: () => NodeJS.ProcessEnv;
  venvPython: string;
}>('setup/paths.mjs');

/** A cell to be: its code, and a tag if it has one. */
export type Cell = string | { readonly code: string; readonly tag: string };

export interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | string[];
  readonly data?: Record<string, unknown>;
  readonly ename?: string;
  readonly evalue?: string;
}
export interface ExecutedCell {
  readonly source: string | string[];
  readonly outputs: Output[];
}

/** How a run ended; `results` is its summary.json. */
export interface RunResult {
  readonly exitCode: number;
  readonly printed: string;
  readonly results: { notebook: string; status: string; explanation: string | null }[];
}

export function writeNotebook(folder: string, name: string, cells: readonly Cell[]): string {
  const file = path.join(folder, `${name}.ipynb`);
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: cells.map((cell, index) => ({
      id: `cell-${index}`,
      cell_type: 'code',
      execution_count: null,
      metadata: typeof cell === 'string' ? {} : { tags: [cell.tag] },
      outputs: [],
      source: typeof cell === 'string' ? cell : cell.code,
    })),
  };
  fs.writeFileSync(file, JSON.stringify(notebook));
  return file;
}

/**
 * Runs notebooks as `npm run notebooks` does, the copies going to `folder`/out.
 *
 * @param whileRunning called with each part of what is printed
 */
export async function runNotebooks(
  folder: string,
  args: readonly string[],
  whileRunning: (printed: string, runner: ChildProcess) => void = () => undefined,
): Promise<RunResult> {
  const output = path.join(folder, 'out');
  const runner = spawn(
    venvPython,
    ['-B', path.join(root, 'scripts', 'notebooks', 'run.py'), '--output', output, ...args],
    { env: jupyterEnvironment(), cwd: folder },
  );
  let printed = '';
  const collect = (data: Buffer): void => {
    printed += data.toString();
    whileRunning(printed, runner);
  };
  runner.stdout.on('data', collect);
  runner.stderr.on('data', collect);
  const exitCode = await new Promise<number>((resolve) =>
    runner.once('close', (code) => resolve(code ?? -1)),
  );
  const summary = path.join(output, 'summary.json');
  const results = fs.existsSync(summary)
    ? (JSON.parse(fs.readFileSync(summary, 'utf8')) as RunResult['results'])
    : [];
  return { exitCode, printed, results };
}

/** The cells of an executed copy. */
export function executedCells(folder: string, name: string): ExecutedCell[] {
  const text = fs.readFileSync(path.join(folder, 'out', `${name}.ipynb`), 'utf8');
  return (JSON.parse(text) as { cells: ExecutedCell[] }).cells;
}

/** nbformat stores text in lines. */
export const joined = (text: unknown): string =>
  Array.isArray(text) ? text.join('') : String(text);
