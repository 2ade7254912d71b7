'use strict';
// Tab and Shift+Tab: the answers to complete_request and inspect_request. Positions are JavaScript's, in UTF-16.

const { complete } = require('./language/completion.cjs');
const { inspect } = require('./language/inspection.cjs');
const { withoutMagics } = require('./magics.cjs');

/** Replaces tslab's answers. */
function installAssistance({ jupyter }, cells) {
  const handler = jupyter.JupyterHandlerImpl.prototype;

  handler.handleInspect = ({ code, cursor_pos: position }) => {
    const data = inspect(cells, withoutMagics(code).text, position);
    return { status: 'ok', found: data !== null, data: data ?? {}, metadata: {} };
  };

  handler.handleComplete = ({ code, cursor_pos: position }) => {
    const { start, end, names } = complete(cells, withoutMagics(code).text, position);
    return {
      status: 'ok',
      matches: names.map(({ text }) => text),
      cursor_start: start,
      cursor_end: end,
      metadata: { _jupyter_types_experimental: names },
    };
  };
}

module.exports = { installAssistance };
