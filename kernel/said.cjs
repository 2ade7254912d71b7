'use strict';
// What V8 says of an error, in the names of the cells: it speaks of `(0 , $cells.f)` where a cell calls `f`.

const { types } = require('node:util');

const inCellNames = (text) =>
  text.replace(/\(0 , \$cells\.([^\s().]+)\)/g, '$1').replace(/\$cells\./g, '');

/** Mends an error's message; returns what was thrown. */
function said(thrown) {
  if (!types.isNativeError(thrown)) return thrown;
  const { value } = Object.getOwnPropertyDescriptor(thrown, 'message') ?? {};
  if (typeof value === 'string' && value.includes('$cells.')) thrown.message = inCellNames(value);
  return thrown;
}

module.exports = { inCellNames, said };
