'use strict';
// Stop while a loop of a cell never waits: the main thread does not hear the signal then. A worker does, by a small child,
// for Jupyter sends SIGINT to the kernel's whole process group; it raises a flag that each turn of a cell's loops reads.

const { Worker } = require('node:worker_threads');
const { isAwaitedBy } = require('./awaited.cjs');

/** Places in the shared memory. */
const FLAG = 0; // not 0: loops of the cell that runs are to end
const RUN = 1; // the number of the cell's run, 0 if none runs
const HANDLED = 2; // Stops that the main thread has handled itself
const LOOPS = 3; // loops of the library that end by themselves when they are asked to

/** How long the main thread has for handling a Stop itself. */
const patience = 300; // milliseconds
/** How long after that its signal may still come. */
const deafness = 50; // milliseconds

/** A shell, since it is small. Its input, which never comes, ends with the kernel; `read` fails then, and at each signal. */
const script = 'trap echo INT; while kill -0 "$PPID" 2>/dev/null; do read -r _ || sleep 0.1; done';

/** Runs in the worker. */
const listener = `
const { spawn } = require('node:child_process');
const { workerData: { shared, patience } } = require('node:worker_threads');
const child = spawn('/bin/sh', ['-c', ${JSON.stringify(script)}], {
  stdio: ['pipe', 'pipe', 'ignore'],
});
child.on('error', () => {});
child.unref();
let unheard = 0; // Stops that a busy main thread was told of
let last = 0; // the run they were for
child.stdout.on('data', () => {
  const [run, handled] = [Atomics.load(shared, ${RUN}), Atomics.load(shared, ${HANDLED})];
  if (run !== last) [last, unheard] = [run, 0];
  const asks = Atomics.load(shared, ${LOOPS}) > 0 && unheard === 0;
  unheard += 1;
  setTimeout(() => {
    const isHeard = Atomics.load(shared, ${HANDLED}) !== handled;
    if (isHeard || Atomics.load(shared, ${RUN}) !== run) unheard = 0;
    // A loop of the library ends after its step: only a second Stop breaks it off.
    else if (!asks) Atomics.store(shared, ${FLAG}, 1);
  }, patience);
});
`;

/** As the library's own, which a loop around does not swallow. */
class Interrupted extends Error {
  get name() {
    return 'Interrupted';
  }
}

/** The library's loops that run; the worker sees their number. */
class Loops extends Set {
  #asked = new Set();
  #isAwaited = false;

  /**
   * @param shared with the worker
   * @param isAwaited whether the cell waits for who calls
   * @param ended called when all that were asked to end have done so, with whether the cell waited for one of them
   */
  constructor(shared, { isAwaited, ended }) {
    super();
    Object.assign(this, { shared, isAwaited, ended });
  }

  add(loop) {
    super.add(loop);
    Atomics.store(this.shared, LOOPS, this.size);
    return this;
  }

  /** By a loop, as the last thing that it does. */
  delete(loop) {
    const found = super.delete(loop);
    Atomics.store(this.shared, LOOPS, this.size);
    if (this.#asked.delete(loop)) {
      this.#isAwaited ||= this.isAwaited();
      if (this.#asked.size === 0) this.ended(this.#isAwaited);
    }
    return found;
  }

  /** Asks all to end; says whether there was one. */
  ask() {
    const live = [...this].filter(({ signal }) => !signal.aborted);
    this.#asked = new Set(live);
    this.#isAwaited = false;
    live.forEach((loop) => loop.abort());
    return live.length > 0;
  }
}

/** What it says of a cell. */
const STOPPED = 'the cell was stopped';

class StopListener {
  shared = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT));
  loops = new Loops(this.shared, {
    isAwaited: () => isAwaitedBy(this.cellName()),
    ended: (isAwaited) => isAwaited || this.#endWait(),
  });
  #runs = 0;
  #isLingering = false;
  #ownerless = -Infinity; // when a Stop has ended a loop while no cell ran
  #isDone = false; // what the main thread will hear of yet was dealt with

  /** Ends what the cell waits for; the executor's. */
  interrupt = () => {};

  /**
   * @param options.stopCell marks the cell that runs as stopped
   * @param options.cellName gives the name of that cell, `In[3]`
   * @param options.cellOf gives the cell whose code calls
   */
  constructor({ stopCell, cellName, cellOf }) {
    Object.assign(this, { stopCell, cellName, cellOf });
    const { shared } = this;
    globalThis[Symbol.for('kernel.look')] = [shared, this.turn, this.goOn]; // for files that cells import
    new Worker(listener, { eval: true, workerData: { shared, patience } })
      .on('error', () => {}) // Stop works as far as the main thread hears it
      .unref();
  }

  /** Whether Stop was meant for the cell that comes: a loop of an earlier one kept it waiting, and was ended by the Stop. */
  isStopped() {
    const isMeant = performance.now() - this.#ownerless < 3 * deafness;
    this.#ownerless = -Infinity;
    return isMeant;
  }

  /** A cell runs. */
  begin() {
    this.#runs += 1;
    this.#isLingering = false;
    this.shared[FLAG] = 0;
    Atomics.store(this.shared, RUN, this.#runs);
  }

  /** Asks the library's loops to end; says whether there was one. A cell that waits for none of them ends after them. */
  ask() {
    return this.loops.ask();
  }

  #endWait() {
    const run = this.#runs;
    const isRunning = () => Atomics.load(this.shared, RUN) === run;
    // What the cell throws by itself tells more.
    if (isRunning()) setTimeout(() => isRunning() && this.interrupt(), deafness);
  }

  /**
   * It has ended.
   *
   * @param options.isStopped by Stop
   * @param options.goesOn its code does, until it comes to a loop: what it waited for was broken off
   */
  end({ isStopped, goesOn }) {
    Atomics.store(this.shared, RUN, 0);
    this.#isLingering = goesOn;
    this.shared[FLAG] = goesOn ? 1 : 0;
    if (!isStopped) return;
    // What was broken off may not have said that it ended: the next Stop must not wait for it.
    for (const loop of this.loops) {
      loop.abort();
      this.loops.delete(loop);
    }
  }

  /** The flag is up: called by the next turn of a loop, and by those around it. */
  turn = () => {
    if (!this.#isDone && !this.#isLingering) {
      this.#isDone = true;
      // A view's loop has no cell that has ended.
      if (Atomics.load(this.shared, RUN) === 0 && this.cellOf()?.ended)
        this.#ownerless = performance.now();
      setTimeout(() => {
        this.#isDone = false;
        // A view's or a timer's loop, while no cell runs: other timers go on.
        if (Atomics.load(this.shared, RUN) === 0 && !this.#isLingering) this.shared[FLAG] = 0;
      }, deafness).unref();
      this.stopCell();
      this.interrupt(); // the loop may be a timer's, and the cell wait for something else
    }
    throw new Interrupted(STOPPED);
  };

  /** Code goes on behind what it has awaited: called with what that gave. Its cell may have been stopped and ended meanwhile. */
  goOn = (value) => {
    const cell = this.cellOf();
    if (cell?.ended && cell.signal.aborted) throw new Interrupted(STOPPED);
    return value;
  };

  /** The main thread has heard a Stop; says whether a loop was ended by it already. */
  heard() {
    Atomics.add(this.shared, HANDLED, 1);
    return this.#isDone;
  }
}

module.exports = { Interrupted, STOPPED, StopListener };
