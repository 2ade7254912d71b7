'use strict';
// What goes to the process's own stdout and stderr, past JavaScript: children that inherit them, native code such
// as TensorFlow's, `fs.writeSync(1, …)`.
//
// Both descriptors become named pipes that this process reads. Patching child_process would miss native code
// and each new way to start a child; a file would lose what a script writes with `> /dev/stderr`, which empties it.
// A pipe that is full stops its writer, for good if the writer is what the main thread waits for (`execSync`).
// So a second thread empties it whenever the main thread is busy.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { receiveMessageOnPort, MessageChannel, Worker } = require('node:worker_threads');
const { FIELDS, MAIN, STREAMS, locked, readAvailable } = require('./descriptors-shared.cjs');

/** Opens `file` as descriptor `fd`: the system gives the lowest number that is free. */
function openAs(fd, file) {
  fs.closeSync(fd);
  const lower = [];
  let opened = fs.openSync(file, fs.constants.O_WRONLY);
  while (opened < fd) {
    lower.push(opened);
    opened = fs.openSync(file, fs.constants.O_WRONLY);
  }
  lower.forEach((other) => fs.closeSync(other));
  if (opened !== fd) throw new Error(`descriptor ${fd} was taken`);
}

/**
 * What the process could not say any more when it died (V8 out of memory, a failed check of TensorFlow) goes to
 * the stderr that it was started with, as without pipes. A shell waits for that, its stdin being the sign.
 */
function leaveLastWords(pipes) {
  const readers = pipes.map((pipe) => fs.openSync(pipe, fs.constants.O_RDONLY));
  const heir = spawn('/bin/sh', ['-c', 'trap "" INT; read -r _; cat <&3 >&2 & exec cat <&4 >&2'], {
    stdio: ['pipe', 'ignore', 'inherit', ...readers],
  });
  heir.on('error', () => {}); // without a shell there are no last words
  heir.unref();
  heir.stdin.unref?.();
  readers.forEach((reader) => fs.closeSync(reader));
}

/**
 * Takes stdout and stderr over.
 *
 * @returns `take`, which gives an array of what has come, pairs of stream name and bytes to be taken from it, and `setRunning`; null where
 *   there are no named pipes: then such output goes where the kernel was started
 */
function captureDescriptors() {
  let folder;
  let readers;
  try {
    fs.fstatSync(0); // else pipes would become stdin
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ts-kernel-'));
    const pipes = STREAMS.map((name) => path.join(folder, name));
    execFileSync('mkfifo', ['-m', '600', ...pipes], { stdio: 'ignore' });
    readers = pipes.map((pipe) =>
      fs.openSync(pipe, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK),
    );
    const writers = pipes.map((pipe) => fs.openSync(pipe, fs.constants.O_WRONLY));
    leaveLastWords(pipes);
    pipes.forEach((pipe, index) => openAs(index + 1, pipe));
    writers.forEach((writer) => fs.closeSync(writer));
  } catch {
    return null;
  } finally {
    if (folder) fs.rmSync(folder, { recursive: true, force: true });
  }

  const state = new Int32Array(new SharedArrayBuffer(Object.keys(FIELDS).length * 4));
  const { port1: port, port2 } = new MessageChannel();
  const worker = new Worker(path.join(__dirname, 'descriptors-worker.cjs'), {
    workerData: { state, port: port2, readers },
    transferList: [port2],
    stdout: true,
    stderr: true,
    execArgv: [],
  });
  worker.on('error', () => {}); // what the main thread reads itself still comes
  worker.unref();
  port.unref();

  const chunks = []; // Stop may break their reader off: what it has not taken comes at the next time
  return {
    take() {
      locked(state, MAIN, () => {
        for (let held; (held = receiveMessageOnPort(port));) {
          const { index, bytes } = held.message;
          chunks.push([STREAMS[index], Buffer.from(bytes)]);
        }
        Atomics.store(state, FIELDS.held, 0);
        readers.forEach((reader, index) =>
          readAvailable(reader, (bytes) => chunks.push([STREAMS[index], bytes])),
        );
      });
      return chunks;
    },
    /** While a cell runs, the pipes are looked after more often. */
    setRunning(isRunning) {
      Atomics.store(state, FIELDS.running, isRunning ? 1 : 0);
      Atomics.notify(state, FIELDS.running);
    },
  };
}

module.exports = { captureDescriptors };
