'use strict';
// Loading what cells import: CommonJS, JSON, packages that are ES modules, and the user's own TypeScript files.

const fs = require('node:fs');
const { createRequire, isBuiltin } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');
const { howToAdd, isPackage, noFile, packageName } = require('./language/missing-modules.cjs');
const { root } = require('./language/options.cjs');
const { packageFolders } = require('./language/packages.cjs');
const { OwnFiles } = require('./own-files.cjs');

/** What `require` says of a module that it cannot load, but `import()` can. */
const forImport = new Set([
  'ERR_REQUIRE_ESM',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_PACKAGE_PATH_NOT_EXPORTED', // has no entry for `require`
]);

const isEsModule = (loaded) =>
  loaded?.__esModule || Object.prototype.toString.call(loaded) === '[object Module]';

/** A name of a module, as esModuleInterop has it; `*` is all of it. */
function exported(loaded, name) {
  if (name === 'default') return isEsModule(loaded) ? loaded.default : loaded;
  if (name !== '*') return loaded[name];
  return isEsModule(loaded) ? loaded : { ...loaded, default: loaded };
}

/** `import()` as a file of `folder` has it. */
function importerOf(folder) {
  return vm.runInThisContext('(name) => import(name)', {
    filename: path.join(folder, 'cell.js'),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

class Modules {
  /** @param folder the notebook's; what it lacks is taken from this clone */
  constructor(folder) {
    this.folder = folder;
    this.folders = [folder, root].flatMap(packageFolders);
    this.local = createRequire(path.join(folder, 'cell.js'));
    this.shared = createRequire(path.join(root, 'cell.js'));
    this.importLocal = importerOf(folder);
    this.importShared = importerOf(root);
    this.own = new OwnFiles(this.local.cache);
    /** `require` of cells. */
    this.require = Object.assign((name) => {
      this.own.refresh();
      return this.#require(this.#resolve(name));
    }, this.local);
  }

  #require(file) {
    try {
      return this.local(file);
    } finally {
      this.own.note();
    }
  }

  /**
   * Whether a package's folder is there. Node is not asked for one that is not: it would remember that, and not find the
   * package once it has been added.
   */
  #isThere(name) {
    if (isBuiltin(name) || process.env.NODE_PATH) return true;
    return this.folders.some((folder) => fs.existsSync(path.join(folder, packageName(name))));
  }

  #resolve(name) {
    if (isPackage(name) && !this.#isThere(name))
      throw Object.assign(new Error(howToAdd(name, this.folder)), { code: 'MODULE_NOT_FOUND' });
    try {
      return this.local.resolve(name);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
      if (!isPackage(name))
        throw Object.assign(new Error(noFile(name, this.folder)), { code: error.code });
    }
    return this.shared.resolve(name);
  }

  /** A package that has no entry for `require`. */
  async #import(name) {
    try {
      return await this.importLocal(name);
    } catch (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
      return this.importShared(name);
    }
  }

  /** All of a module; a promise of it where only `import()` can load it. */
  load(name) {
    let url = null;
    try {
      this.own.refresh();
      const file = this.#resolve(name);
      if (path.isAbsolute(file)) url = this.own.url(file);
      if (file.endsWith('.mjs')) return import(url);
      return this.#require(file);
    } catch (error) {
      if (!forImport.has(error.code)) throw error;
      return url === null ? this.#import(name) : import(url);
    }
  }

  /** `import()` of cells. */
  import = async (name) => exported(await this.load(name), '*');
}

module.exports = { Modules, exported, isEsModule };
