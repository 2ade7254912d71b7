// Which pairs of Node and Python are tried, and where each comes from.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { probePython, pythonProblem } from '../setup/check.mjs';

export const NODES = ['20', '22', '24', '26'];
export const PYTHONS = ['3.10', '3.11', '3.12', '3.13', '3.14'];

/** Not inside of this clone: a clone in it would find this one's packages before it has its own. */
export const matrixFolder = path.join(os.tmpdir(), 'stable-diffusion-mnist-matrix');

/** What runs on each pair: the kernel by Jupyter's own tests, cells, graphs, sampling, files and the set-up. */
export const MATRIX_PART = [
  'test/kernel/protocol.test.ts',
  'test/kernel/cells.test.ts',
  'test/kernel/views.test.ts',
  'test/jit',
  'test/pipelines',
  'test/io/safetensors',
  'test/setup',
];

/** npm's package with the program of Node for a system. */
export const nodePackage = (major, platform = process.platform, arch = process.arch) =>
  `node-${platform === 'darwin' ? 'bin-darwin' : platform}-${arch}@${major}`;

/** Where a Python may be: on PATH, or among pyenv's. */
function candidates(version, home) {
  const name = `python${version}`;
  const folder = path.join(home, '.pyenv', 'versions');
  const versions = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const own = versions.filter((entry) => entry === version || entry.startsWith(`${version}.`));
  return [name, ...own.map((entry) => path.join(folder, entry, 'bin', name))];
}

/** A program of that Python that can make environments, or null. */
export function pythonFor(version, home = os.homedir(), probe = probePython) {
  for (const program of candidates(version, home)) {
    const report = probe(program);
    if (report === null || pythonProblem(report) !== null) continue;
    if (report.version.startsWith(`${version}.`)) return report.executable || program;
  }
  return null;
}

/**
 * @param {{ node: string, python: string, passed: number, failed: number, skipped: number, seconds: number }[]} rows
 * @returns {string} a table in Markdown
 */
export function matrixTable(rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const head = ['Node', 'Python', 'passed', 'failed', 'skipped', 'seconds'];
  const body = rows.map(({ node, python, passed, failed, skipped, seconds }) =>
    line([node, python, passed, failed, skipped, seconds.toFixed(0)]),
  );
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}
