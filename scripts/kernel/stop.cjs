'use strict';
// The Stop button. tslab's own answer to it turns the cell red and lets its loop go on unseen; a loop
// that registers an AbortController is asked to end instead, and its cell ends normally.

/** Takes SIGINT over; tslab's listener is called when there is no loop to ask. */
function installStop() {
  const loops = new Set();
  globalThis[Symbol.for('kernel.stop')] = loops;
  const tslabListeners = process.listeners('SIGINT');
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', () => {
    const live = [...loops].filter(({ signal }) => !signal.aborted);
    if (live.length > 0) live.forEach((controller) => controller.abort());
    else tslabListeners.forEach((listener) => listener('SIGINT'));
  });
}

module.exports = { installStop };
