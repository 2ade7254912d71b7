/** No file of lib/ leads back to itself through its imports, those of types included. */
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from '../support/script';

type Imports = ReadonlyMap<string, readonly string[]>;

function sourceFiles(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(file);
    return entry.name.endsWith('.ts') ? [file] : [];
  });
}

/** For each file the files that it imports or re-exports from, by relative paths. */
function importsOf(folder: string): Imports {
  const files = sourceFiles(folder);
  const known = new Set(files);
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(fs.readFileSync(file, 'utf8'));
      const targets = importedFiles.flatMap(({ fileName }) => {
        if (!fileName.startsWith('.')) return [];
        const target = path.resolve(path.dirname(file), fileName);
        return [`${target}.ts`, path.join(target, 'index.ts')].filter((name) => known.has(name));
      });
      return [file, targets];
    }),
  );
}

/** Groups of files that lead to each other (Tarjan's strongly connected components of two or more, or a self-import). */
function circles(imports: Imports): string[][] {
  const found: string[][] = [];
  const place = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const visit = (file: string): void => {
    place.set(file, place.size);
    lowest.set(file, place.get(file)!);
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!place.has(next)) visit(next);
      if (path.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== place.get(file)) return;
    const group = path.splice(path.indexOf(file));
    if (group.length > 1 || imports.get(file)?.includes(file)) found.push(group.sort());
  };
  for (const file of imports.keys()) if (!place.has(file)) visit(file);
  return found;
}

describe('circles', () => {
  it.each([
    ['none in a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
    ['one of two', { a: ['b'], b: ['a'], c: ['a'] }, [['a', 'b']]],
    [
      'one of three, found from outside',
      { x: ['a'], a: ['b'], b: ['c'], c: ['a'] },
      [['a', 'b', 'c']],
    ],
    ['two that touch in one file', { a: ['b', 'c'], b: ['a'], c: ['a'] }, [['a', 'b', 'c']]],
    [
      'two apart',
      { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] },
      [
        ['c', 'd'],
        ['a', 'b'],
      ],
    ],
    ['a file that imports itself', { a: ['a'] }, [['a']]],
  ])('finds %s', (_, imports, expected) => {
    expect(circles(new Map(Object.entries(imports)))).toEqual(expected);
  });

  it('are nowhere in lib/', () => {
    const lib = path.join(root, 'lib');
    const imports = importsOf(lib);
    expect(imports.get(path.join(lib, 'index.ts'))).toContain(
      path.join(lib, 'figure', 'figure.ts'),
    );
    const named = circles(imports).map((group) => group.map((file) => path.relative(lib, file)));
    expect(named).toEqual([]);
  });
});
