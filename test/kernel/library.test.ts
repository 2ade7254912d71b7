/** What the kernel does when lib/ changes: before the library is loaded, and after. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryRoot } from '../support/temporary';

const { freshLibrary } = createRequire(join(root, 'kernel', 'launcher.cjs'))('./library.cjs') as {
  freshLibrary: (options: {
    folder: string;
    compile: (say: (text: string) => void) => Promise<void>;
    isLoaded: () => boolean;
  }) => (say: (text: string) => void) => Promise<void>;
};

const folder = mkdtempSync(join(temporaryRoot, 'library-'));
afterAll(() => rmSync(folder, { recursive: true }));

let compiled: number;
let loaded: boolean;
let fails: boolean;
let said: string[];
let beforeCell: () => Promise<void>;
let clock = 1000;

function edit(file: string) {
  writeFileSync(join(folder, file), 'export {};');
  utimesSync(join(folder, file), ++clock, clock);
}

beforeEach(() => {
  [compiled, loaded, fails, said] = [0, false, false, []];
  mkdirSync(join(folder, 'deep'), { recursive: true });
  edit('a.ts');
  const run = freshLibrary({
    folder,
    compile: () => {
      compiled += 1;
      return fails ? Promise.reject(new Error('does not compile')) : Promise.resolve();
    },
    isLoaded: () => loaded,
  });
  beforeCell = () => run((text) => said.push(text));
});

it('is compiled before the first cell alone', async () => {
  await beforeCell();
  await beforeCell();
  expect(compiled).toBe(1);
});

it('is compiled again before the next cell if it did not compile', async () => {
  fails = true;
  await expect(beforeCell()).rejects.toThrow('does not compile');
  fails = false;
  await beforeCell();
  expect(compiled).toBe(2);
});

it('is compiled again when it changes before a cell has imported it', async () => {
  await beforeCell();
  edit('deep/b.ts');
  await beforeCell();
  expect([compiled, said]).toEqual([2, []]);
});

it('once loaded stays, and each change of lib/ is told once', async () => {
  await beforeCell();
  loaded = true;
  await beforeCell();
  expect(said).toEqual([]);
  edit('deep/b.ts');
  await beforeCell();
  await beforeCell();
  expect(said).toEqual([expect.stringMatching(/^lib\/ has changed: restart the kernel.*\n$/)]);
  edit('a.ts');
  await beforeCell();
  expect(said).toHaveLength(2);
  expect(compiled).toBe(1);
});

it('does not mind other files', async () => {
  await beforeCell();
  loaded = true;
  edit('notes.md');
  await beforeCell();
  expect(said).toEqual([]);
});
