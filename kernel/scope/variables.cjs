'use strict';
// The live object that holds the variables of all cells.

/** As an instance of a function it is read by place; `Object.create(null)` would be searched by name. */
function Scope() {}
Scope.prototype = Object.create(null);

/** V8 lays an object out anew when it becomes a prototype: with more than 128 names it would be searched, too. */
function layOut(object) {
  function Heir() {}
  Heir.prototype = object;
  return new Heir();
}

class Variables {
  scope = new Scope();
  #running = new Set(); // names of the cell that runs

  has(name) {
    return Object.hasOwn(this.scope, name);
  }

  /** A cell that declares `names` is about to run: to read one before it has a value is an error. */
  announce(names) {
    this.#running = new Set(names);
    for (const name of names) if (!this.has(name)) this.#leaveUnset(name);
    layOut(this.scope);
  }

  /** A name that is imported: what a module exports may change. */
  bind(name, get) {
    Object.defineProperty(this.scope, name, {
      configurable: true,
      enumerable: true,
      get,
      set: (value) => {
        this.#set(name, value);
      },
    });
  }

  #set(name, value) {
    const data = { configurable: true, enumerable: true, writable: true, value };
    Object.defineProperty(this.scope, name, data);
  }

  /** The cell has ended, or failed. */
  settle() {
    this.#running = new Set();
    layOut(this.scope);
  }

  #leaveUnset(name) {
    Object.defineProperty(this.scope, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        throw new ReferenceError(
          this.#running.has(name)
            ? `Cannot access '${name}' before initialization`
            : `${name} has no value: its cell ended before it was set. Run that cell again.`,
        );
      },
      set: (value) => {
        this.#set(name, value);
      },
    });
  }

  /** A name that no cell had declared when the code that reads it was made: a later one may have. */
  late = (name, isTypeof = false) => {
    const holder = this.has(name) ? this.scope : globalThis;
    if (holder === this.scope || name in globalThis)
      return isTypeof ? typeof holder[name] : holder[name];
    if (isTypeof) return 'undefined';
    throw new ReferenceError(`${name} is not defined`);
  };
}

module.exports = { Variables };
