/** A notebook as a job of Papermill, on the real kernel; only where `npm run setup -- --with cluster` has installed it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { root } from '../support/script';
import { temporaryFolder } from '../support/temporary';
import { code } from './notebook-cells';

vi.setConfig({ testTimeout: 600_000 });
const temporary = temporaryFolder('papermill');
const python = path.join(root, '.venv-cluster', 'bin', 'python');

interface Cell {
  readonly cell_type: string;
  readonly source: string | string[];
  readonly metadata: { readonly tags?: string[] };
  readonly outputs?: { readonly text?: string[] }[];
}
const cellsOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { cells: Cell[] }).cells;
const textOf = (text: string | string[] = []) => [text].flat().join('');

function papermill(cells: object[], parameters: readonly string[]) {
  const [input, output] = ['in', 'out'].map((name) => path.join(temporary, `${name}.ipynb`));
  const metadata = {
    kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' },
    language_info: { name: 'typescript' },
  };
  const notebook = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
  writeFileSync(input!, JSON.stringify(notebook));
  // As it is typed: from where one stands.
  const script = path.relative(
    temporary,
    path.join(root, 'scripts', 'cluster', 'papermill_typescript.py'),
  );
  const argv = [script, input!, output!, '--no-progress-bar', ...parameters];
  const { status, stderr } = spawnSync(python, argv, { encoding: 'utf8', cwd: temporary });
  return { status, stderr, cells: cellsOf(output!) };
}

const CELLS = [
  code("let preset: 'cpu' | 'smoke' = 'cpu';\nlet rate = 0.5;\nlet on = false;", ['parameters']),
  code('console.log(JSON.stringify([preset, rate, on]))'),
];

describe.skipIf(!existsSync(python))('papermill', () => {
  it('sets parameters of each type, and the notebook computes with them', () => {
    const given = ['-p', 'preset', 'smoke', '-p', 'rate', '1e-3', '-p', 'on', 'True'];
    const { status, cells } = papermill(CELLS, given);
    expect(status).toBe(0);
    expect(textOf(cells[1]!.source)).toBe(
      '// Parameters\npreset = "smoke";\nrate = 0.001;\non = true;\n',
    );
    expect(cells[1]!.metadata.tags).toEqual(['injected-parameters']);
    expect(textOf(cells[2]!.outputs![0]!.text)).toBe('["smoke",0.001,true]\n');
  });

  it('fails for a value of another type, in words of the compiler', () => {
    const { status, stderr } = papermill(CELLS, ['-p', 'rate', 'fast']);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/Type 'string' is not assignable to type 'number'/);
  });
});
