'use strict';
// Which loops of the library the cell that runs waits for. Stop asks the loops to end, and a cell goes on behind what it has
// awaited, to save; what it has begun and does not await would take the Stop away from what it waits for.

/** The name of the function that a cell becomes; traces leave it out. */
const CELL = '$cell';

const enough = 500; // frames

/**
 * Whether a cell waits for who calls this: by V8's asynchronous trace, which follows promises through functions, `then`,
 * Promise.all, race and new Promise to the functions that await them.
 *
 * @param cell `In[3]`
 */
function isAwaitedBy(cell) {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const isCell = (frame) =>
    frame.getFunctionName() === CELL && frame.getScriptNameOrSourceURL() === cell;
  try {
    Error.stackTraceLimit = enough;
    Error.prepareStackTrace = (_, frames) => frames.some(isCell);
    return new Error().stack === true;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

module.exports = { CELL, isAwaitedBy };
