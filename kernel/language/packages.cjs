'use strict';
// Where the compiler finds what a cell imports: in the notebook's folder, else in this clone.

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');
const { checking, root } = require('./options.cjs');

/** All folders that may hold packages for files of `folder`. */
function packageFolders(folder) {
  const found = [];
  for (let at = folder; ; at = path.dirname(at)) {
    found.push(path.join(at, 'node_modules'));
    if (at === path.dirname(at)) return found;
  }
}

const changed = (folder) => {
  try {
    return fs.statSync(folder).mtimeMs;
  } catch {
    return 0;
  }
};

class Packages {
  #watched;
  #seen;
  #cache;

  constructor(folder) {
    const folders = [...new Set([folder, root].flatMap(packageFolders))];
    this.#watched = folders.flatMap((each) => [each, path.join(each, '@types')]);
    this.folder = folder;
    this.renew();
  }

  /** Forgets what was not found if a package has come or gone meanwhile, or `anyway`; says whether it did. */
  renew(anyway = false) {
    const seen = this.#watched.map(changed).join();
    if (seen === this.#seen && !anyway) return false;
    this.#seen = seen;
    this.#cache = ts.createModuleResolutionCache(this.folder, (name) => name, checking);
    return true;
  }

  resolve(name, from, options, redirected) {
    const first = ts.resolveModuleName(name, from, options, ts.sys, this.#cache, redirected);
    if (first.resolvedModule || /^[./]/.test(name)) return first;
    const inClone = path.join(root, 'cell.ts');
    return ts.resolveModuleName(name, inClone, options, ts.sys, this.#cache);
  }
}

module.exports = { Packages, packageFolders };
