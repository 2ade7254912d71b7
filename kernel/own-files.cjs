'use strict';
// The user's own files that cells import: TypeScript is compiled, and what has changed is loaded anew.

const fs = require('node:fs');
const { _extensions: extensions } = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { originalPositionFor, TraceMap } = require('@jridgewell/trace-mapping');
const ts = require('typescript');
const { compiling, root } = require('./language/options.cjs');
const { stoppable } = require('./scope/stoppable.cjs');

/** Source maps of the files that were compiled here. */
const maps = new Map();

function compileTypeScript(module, file) {
  const { outputText, sourceMapText } = ts.transpileModule(fs.readFileSync(file, 'utf8'), {
    fileName: file,
    compilerOptions: { ...compiling, module: ts.ModuleKind.CommonJS, sourceMap: true },
  });
  maps.set(file, new TraceMap(sourceMapText));
  module._compile(stoppable(outputText), file);
}

/** A position in a compiled file as one of its TypeScript; that of another file as it is. */
function ownPosition(file, line, column) {
  const map = maps.get(file);
  const found = map && originalPositionFor(map, { line, column: column - 1 });
  return found?.line ? { line: found.line, column: found.column + 1 } : { line, column };
}

/** What a package or the library has stays as it was loaded. */
const isOwn = (file) =>
  path.isAbsolute(file) &&
  !file.includes(`${path.sep}node_modules${path.sep}`) &&
  !file.startsWith(path.join(root, 'dist') + path.sep) &&
  !file.startsWith(path.join(root, 'kernel') + path.sep);

function stamp(file) {
  try {
    const { mtimeMs, size } = fs.statSync(file);
    return `${mtimeMs} ${size}`;
  } catch {
    return 'gone';
  }
}

class OwnFiles {
  #stamps = new Map();
  #changes = new Map(); // of ES modules, which stay in Node's cache

  constructor(cache) {
    this.cache = cache;
    for (const extension of ['.ts', '.cts', '.mts', '.tsx'])
      extensions[extension] ??= compileTypeScript;
  }

  /** Forgets files that have changed since they were loaded, and those that import them. */
  refresh() {
    const files = Object.keys(this.cache).filter(isOwn);
    const stale = new Set();
    for (const file of files) if (this.#stamps.get(file) !== stamp(file)) stale.add(file);
    if (stale.size === 0) return;
    for (let grown = true; grown;) {
      grown = false;
      for (const file of files) {
        if (stale.has(file)) continue;
        if (!this.cache[file].children.some(({ filename }) => stale.has(filename))) continue;
        stale.add(file);
        grown = true;
      }
    }
    for (const file of stale) {
      delete this.cache[file];
      this.#stamps.delete(file);
    }
  }

  /** To be called when files were loaded: from now on their changes count. */
  note() {
    for (const file of Object.keys(this.cache).filter(isOwn))
      if (!this.#stamps.has(file)) this.#stamps.set(file, stamp(file));
  }

  /** Of an ES module: a new one whenever the file has changed. */
  url(file) {
    const { href } = pathToFileURL(file);
    if (!isOwn(file)) return href;
    const now = stamp(file);
    const first = this.#changes.get(file) ?? this.#changes.set(file, now).get(file);
    return first === now ? href : `${href}?changed=${encodeURIComponent(now)}`;
  }
}

module.exports = { OwnFiles, ownPosition };
