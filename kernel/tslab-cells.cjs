'use strict';
// Kinds of cells that only tslab has, which this kernel refuses with what to use.

const kinds = {
  module: (name) =>
    `A cell cannot be a module here. Write it to ${name || 'mylib'}.ts beside the notebook and import it: ` +
    `import { … } from './${name || 'mylib'}'. Whenever that file changes, it is loaded anew.`,
  browser: () => 'A cell cannot run in the browser here.',
  jsx: () =>
    'A cell cannot hold JSX here. Write it to a .tsx file beside the notebook and import it.',
};

/** The error for a cell whose first comment says `@module`, `@browser` or `@jsx`, or null. */
function refusedCell(code) {
  const comment = /^\s*\/\*\*([\s\S]*?)\*\//.exec(code)?.[1] ?? '';
  const found = /^[\s*]*@(module|browser|jsx)\b[ \t]*(\S*)/m.exec(comment);
  if (!found) return null;
  return Object.assign(new Error(`@${found[1]}: ${kinds[found[1]](found[2])}`), {
    name: 'CellError',
  });
}

module.exports = { refusedCell };
