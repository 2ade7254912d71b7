'use strict';
// The Stop button. tslab's own answer to it turns the cell red and lets its loop go on unseen; a loop
// that registers an AbortController is asked to end instead: a training with a checkpoint, so that its cell ends
// normally, all else by throwing `Interrupted`. A cell that waits for none of them is ended, too.

const parentCheck = 1000; // milliseconds
const lastChance = 60_000;

/**
 * Takes SIGINT over; tslab's listener is called when there is no loop to ask.
 *
 * @param listener hears of a Stop where this thread does not
 */
function installStop(listener) {
  const { loops } = listener;
  globalThis[Symbol.for('kernel.stop')] = loops;
  const tslabListeners = process.listeners('SIGINT');
  process.removeAllListeners('SIGINT');

  process.on('SIGINT', () => {
    if (listener.heard()) return;
    listener.stopCell();
    if (!listener.ask()) tslabListeners.forEach((other) => other('SIGINT'));
  });
  endWithParent(
    () => listener.ask(),
    () => loops.size > 0,
  );
}

/**
 * A kernel whose Jupyter was killed would stay forever, and train on. It asks its loops to end, so that
 * they save what they have, and then ends itself.
 */
function endWithParent(askLoops, isBusy) {
  const parent = process.ppid;
  if (process.env.JPY_PARENT_PID === undefined) return;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    askLoops();
    const orphaned = Date.now();
    setInterval(() => {
      if (!isBusy() || Date.now() - orphaned > lastChance) process.exit(1);
    }, 100);
  }, parentCheck);
  watch.unref();
}

module.exports = { installStop };
