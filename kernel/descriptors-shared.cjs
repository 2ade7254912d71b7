'use strict';
// What the main thread and the one that empties the pipes have in common.

const fs = require('node:fs');

const STREAMS = ['stdout', 'stderr'];

/** Places in the shared memory: who reads, whether a cell runs, how many KiB wait for the main thread. */
const FIELDS = { reader: 0, running: 1, held: 2 };
const FREE = 0;
const MAIN = 1;
const WORKER = 2;

/** At most this much at once, so that a writer without end does not keep its reader for ever. */
const atOnce = 1 << 20;
const patience = 1000; // milliseconds
const buffers = new Map();

/** Runs `task` while no other thread reads: bytes keep their order. */
function locked(state, owner, task) {
  for (;;) {
    const reader = Atomics.compareExchange(state, FIELDS.reader, FREE, owner);
    // Its own: Stop broke the main thread off in the midst of this.
    if (reader === FREE || reader === owner) break;
    // A worker that died holding it would hold it for ever.
    if (Atomics.wait(state, FIELDS.reader, reader, patience) === 'timed-out' && owner === MAIN)
      break;
  }
  try {
    task();
  } finally {
    Atomics.store(state, FIELDS.reader, FREE);
    Atomics.notify(state, FIELDS.reader);
  }
}

/** Gives `take` what can be read without waiting. */
function readAvailable(descriptor, take) {
  if (!buffers.has(descriptor)) buffers.set(descriptor, Buffer.alloc(1 << 16));
  const buffer = buffers.get(descriptor);
  for (let total = 0; total < atOnce;) {
    let count;
    try {
      count = fs.readSync(descriptor, buffer);
    } catch {
      return; // EAGAIN: nothing there
    }
    if (count === 0) return;
    take(Buffer.from(buffer.subarray(0, count)));
    total += count;
  }
}

module.exports = { FIELDS, MAIN, STREAMS, WORKER, locked, readAvailable };
