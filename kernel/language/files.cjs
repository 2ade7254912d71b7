'use strict';
// The files of the language service: a file for each cell, which is in memory, and what is imported.

const path = require('node:path');
const ts = require('typescript');
const { checking, root } = require('./options.cjs');
const { Packages } = require('./packages.cjs');

const spareFiles = 50;

/** A file that holds one cell, or is empty and waits for one. */
class CellFile {
  text = '';
  revision = 0;
  /** Names that the cell declares at its top, and all that it speaks of. */
  declared = new Set();
  mentioned = new Set();

  constructor(path) {
    this.path = path;
  }

  write(text) {
    if (text === this.text) return;
    this.text = text;
    this.revision += 1;
  }

  /** Has what it imports looked for again. */
  renew() {
    this.revision += 1;
  }
}

class Files {
  #cells = new Map();
  #spare = [];

  constructor(folder) {
    this.folder = folder;
    this.packages = new Packages(folder);
    this.service = ts.createLanguageService(this.#host(), ts.createDocumentRegistry());
  }

  /**
   * A file for one more cell. Files are among the program's from the start, empty and always in one order: a text that
   * changes costs a part of what a new file does.
   */
  take() {
    if (this.#spare.length === 0) {
      for (let i = 0; i < spareFiles; i++) {
        const file = new CellFile(path.join(this.folder, `__cell_${this.#cells.size + 1}__.ts`));
        this.#cells.set(file.path, file);
        this.#spare.push(file);
      }
    }
    return this.#spare.shift();
  }

  giveBack(file) {
    file.write('');
    this.#spare.push(file);
  }

  isCell(name) {
    return this.#cells.has(name);
  }

  /** A file of the user's own, which may change while the kernel lives. */
  isOwn(name) {
    const isLoadedOnce =
      name.includes('/node_modules/') || name.startsWith(path.join(root, 'dist') + path.sep);
    return !isLoadedOnce && !this.isCell(name);
  }

  #version(name) {
    const cell = this.#cells.get(name);
    if (cell) return String(cell.revision);
    return this.isOwn(name) ? String(ts.sys.getModifiedTime(name)?.getTime()) : '1';
  }

  #host() {
    const read = (name) => this.#cells.get(name)?.text ?? ts.sys.readFile(name);
    return {
      getScriptFileNames: () => [...this.#cells.keys()],
      getScriptVersion: (name) => this.#version(name),
      getScriptSnapshot: (name) => {
        const text = read(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => this.folder,
      getCompilationSettings: () => checking,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: (name) => this.isCell(name) || ts.sys.fileExists(name),
      readFile: read,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      realpath: ts.sys.realpath,
      useCaseSensitiveFileNames: () => true,
      resolveModuleNameLiterals: (literals, from, redirected, options) =>
        literals.map(({ text }) => this.packages.resolve(text, from, options, redirected)),
    };
  }
}

module.exports = { Files };
