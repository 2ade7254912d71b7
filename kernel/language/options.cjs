'use strict';
// How cells are checked and compiled.

const path = require('node:path');
const ts = require('typescript');

const root = path.resolve(__dirname, '..', '..');

/** What a cell is compiled with. Each is a module that keeps its imports and may have `import x = require('x')`. */
const compiling = {
  module: ts.ModuleKind.Preserve,
  moduleDetection: ts.ModuleDetectionKind.Force,
  target: ts.ScriptTarget.ES2022,
  esModuleInterop: true,
};

/** What it is checked with: as tslab does, not strictly, so that a quick try needs no annotations. */
const checking = {
  ...compiling,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.esnext.decorators.d.ts'],
  types: ['node'],
  typeRoots: [path.join(root, 'node_modules', '@types')],
  resolveJsonModule: true,
  noUncheckedSideEffectImports: true,
  allowImportingTsExtensions: true,
  allowJs: true,
  skipLibCheck: true,
  noEmit: true,
};

module.exports = { checking, compiling, root };
