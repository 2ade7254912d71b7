import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { folderInside } from '../../../lib/io/runs/run-name';
import { checkpointsFolder, runFolder } from '../../../lib/mnist/runs';
import { withFailingCall } from '../../support/failing-fs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'runs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

it.each(['mnist-cpu', 'a', '2024-11-24_v1.5', 'x'.repeat(100), 'console', 'COM10x'])(
  'the name %j is a folder of the root',
  (name) => {
    expect(folderInside(root, name)).toBe(path.join(root, name));
    expect(runFolder(name)).toBe(path.join(checkpointsFolder(), name));
    expect(readdirSync(root)).toEqual([]);
  },
);

const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  'a/../../x',
  '/etc/passwd',
  'a/b',
  'a\\b',
  '..\\x',
  'C:\\x',
  'C:x',
  '~',
  '~/x',
  '.hidden',
  'trailing.',
  'a b',
  'a\0b',
  'a\nb',
  'CON',
  'nul.txt',
  'com1',
  'x'.repeat(101),
  '․․/x', // one-dot leaders
  'ａ．．ｂ',
  'a\u202eb',
  '-rf',
  '%2e%2e%2fx',
  '$(x)',
  '<img src=x>',
];

it.each(HOSTILE)('the name %j is refused before anything is touched', (name) => {
  const { error, paths } = withFailingCall(0, '', () => folderInside(root, name));
  expect((error as Error).message).toMatch(/^expected a name like 'mnist-cpu' .*, got "/s);
  expect([...paths]).toEqual([]);
  expect(() => runFolder(name)).toThrow(/expected a name like/);
});

it.each([
  ['my first run', 'my-first-run'],
  ['Lauf für drei Epochen', 'Lauf-fur-drei-Epochen'],
  ['lr=3e-4', 'lr-3e-4'],
  [' mnist ', 'mnist'],
  ['.hidden', 'hidden'],
  ['x'.repeat(101), 'x'.repeat(100)],
])('for the name %j it is told that %j is one', (name, near) => {
  expect(() => runFolder(name)).toThrow(`Try '${near}'.`);
  expect(runFolder(near)).toBe(path.join(checkpointsFolder(), near));
});

it.each(['', '..', '../x', 'a/b', 'C:\\x', 'nul', 'con.txt', '数字', '-', '...'])(
  'for the name %j none is told',
  (name) => {
    expect(() => runFolder(name)).toThrow(/got "[^]*"\.$/);
  },
);

it('what is no text is refused', () => {
  expect(() => folderInside(root, undefined as unknown as string)).toThrow(/got "undefined"/);
  expect(() => folderInside(root, ['a'] as unknown as string)).toThrow(/expected a name like/);
});

it('a link out of the root is refused, one inside is not', () => {
  symlinkSync(tmpdir(), path.join(root, 'out'));
  symlinkSync('/nowhere/at/all', path.join(root, 'broken'));
  mkdirSync(path.join(root, 'real'));
  symlinkSync('real', path.join(root, 'alias'));
  expect(() => folderInside(root, 'out')).toThrow(
    /out: expected a folder inside .* a link out of it/,
  );
  expect(() => folderInside(root, 'broken')).toThrow(/a link out of it/);
  expect(folderInside(root, 'alias')).toBe(path.join(root, 'alias'));
});
