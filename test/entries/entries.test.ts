/** The package's entries: what importing them does, and how they are found. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type * as ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';

interface Imported {
  readonly names: string[];
  readonly views: boolean;
  /** Whether a tensor knows how to be shown. */
  readonly patched: boolean;
  /** Of the packages that only drawing or reading source needs, the loaded ones. */
  readonly heavy: string[];
}

const REPORT = `
  const [entry, tensor] = process.argv.slice(1);
  const names = Object.keys(require(entry)).sort();
  const { tf } = require(tensor);
  const heavy = ['jsdom', 'plotly.js-dist', 'tslab', 'typescript', '@tslab/typescript-for-tslab', '@resvg/resvg-js'];
  const loaded = Object.keys(require.cache).map((file) => file.split('\\\\').join('/'));
  process.stdout.write('\\n' + JSON.stringify({
    names,
    views: Symbol.for('kernel.view') in globalThis,
    patched: Symbol.for('Jupyter.display') in tf.Tensor.prototype,
    heavy: heavy.filter((name) => loaded.some((file) => file.includes('/node_modules/' + name + '/'))),
  }));`;

/** What a fresh process finds after importing dist/<name>.js. */
function imported(name: string): Imported {
  const files = [`${name}.js`, 'backend/node/index.js'].map((file) =>
    path.join(root, 'dist', file),
  );
  const printed = execFileSync(process.execPath, ['-e', REPORT, ...files], { encoding: 'utf8' });
  return JSON.parse(printed.slice(printed.lastIndexOf('\n'))) as Imported;
}

const OF_NOTEBOOKS = [
  'DrawingPad',
  'Form',
  'LiveFigure',
  'ProgressBar',
  'Source',
  'Table',
  'TrainingView',
  'clearOutput',
  'downloadModel',
  'drawingPad',
  'form',
  'inBrowser',
  'interact',
  'liveFigure',
  'progress',
  'renew',
  'showSource',
  'table',
  'trainingView',
  'watchTraining',
];

describe('importing', () => {
  let index: Imported, notebook: Imported;
  beforeAll(() => {
    index = imported('index');
    notebook = imported('notebook');
  });

  it('of the index shows nothing and changes nothing of others', () => {
    expect(index).toMatchObject({ views: false, patched: false });
  });

  it.each(['index', 'notebook'])('of the %s loads nothing that draws or parses', (name) => {
    expect((name === 'index' ? index : notebook).heavy).toEqual([]);
  });

  it('of the notebook entry installs the views', () => {
    expect(notebook).toMatchObject({ views: true, patched: true });
  });

  it('of the notebook entry gives the names of the index and those of a cell', () => {
    expect(notebook.names).toEqual([...index.names, ...OF_NOTEBOOKS].sort());
    expect(index.names).toEqual(expect.arrayContaining(['Figure', 'lossCurve', 'imageGrid']));
  });
});

describe('the package', () => {
  const NAME = 'stable-diffusion-mnist';
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-package-'));
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(root, path.join(folder, 'node_modules', NAME));
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const ENTRIES = [
    [NAME, 'index'],
    [`${NAME}/notebook`, 'notebook'],
    [`${NAME}/web`, 'web'],
  ] as const;

  it.each(ENTRIES)('leads Node from %s to dist/%s.js', (name, file) => {
    const found = createRequire(path.join(folder, 'cell.js')).resolve(name);
    expect(found).toBe(path.join(root, 'dist', `${file}.js`));
  });

  it('keeps its other files to itself', () => {
    const { resolve } = createRequire(path.join(folder, 'cell.js'));
    expect(resolve(`${NAME}/package.json`)).toBe(path.join(root, 'package.json'));
    expect(() => resolve(`${NAME}/dist/index.js`)).toThrow(/not defined by "exports"/);
  });

  describe.each(['typescript', '@tslab/typescript-for-tslab'])('in %s', (compiler) => {
    const { ModuleKind, ModuleResolutionKind, resolveModuleName, sys } = createRequire(
      path.join(root, 'package.json'),
    )(compiler) as typeof ts;
    const resolutions = {
      Node10: { moduleResolution: 2, module: ModuleKind.CommonJS },
      NodeNext: {
        moduleResolution: ModuleResolutionKind.NodeNext,
        module: ModuleKind.NodeNext,
      },
    };

    it.each(
      Object.entries(resolutions).flatMap(([kind, options]) =>
        ENTRIES.map(([name, file]) => ({ kind, options, name, file })),
      ),
    )('with $kind gives $name the types of dist/$file.d.ts', ({ options, name, file }) => {
      const cell = path.join(folder, 'cell.ts');
      const { resolvedModule } = resolveModuleName(name, cell, options, sys);
      expect(resolvedModule?.resolvedFileName).toBe(path.join(root, 'dist', `${file}.d.ts`));
    });
  });
});
