'use strict';
// Empties the pipes of stdout and stderr while the main thread is busy. See descriptors.cjs.

const { workerData } = require('node:worker_threads');
const { FIELDS, STREAMS, WORKER, locked, readAvailable } = require('./descriptors-shared.cjs');

const { state, port, readers } = workerData;
const pause = { running: 20, idle: 200, flowing: 1 }; // milliseconds
/** More than a notebook can show: what comes beyond it, while the main thread takes nothing, is left out. */
const most = 64 * 1024; // KiB

const leftOut = readers.map(() => 0);

function post(index, bytes) {
  Atomics.add(state, FIELDS.held, Math.ceil(bytes.length / 1024));
  port.postMessage({ index, bytes });
}

function empty(index) {
  let came = 0;
  locked(state, WORKER, () => {
    const isFull = Atomics.load(state, FIELDS.held) > most;
    if (!isFull && leftOut[index] > 0) {
      const mebibytes = (leftOut[index] / 2 ** 20).toFixed(1);
      post(index, Buffer.from(`\n[${mebibytes} MiB of ${STREAMS[index]} were left out]\n`));
      leftOut[index] = 0;
    }
    readAvailable(readers[index], (bytes) => {
      came += bytes.length;
      if (isFull) leftOut[index] += bytes.length;
      else post(index, bytes);
    });
  });
  return came;
}

for (;;) {
  const came = readers.reduce((sum, _, index) => sum + empty(index), 0);
  const isRunning = Atomics.load(state, FIELDS.running);
  const rest = came > 0 ? pause.flowing : isRunning ? pause.running : pause.idle;
  Atomics.wait(state, FIELDS.running, isRunning, rest);
}
