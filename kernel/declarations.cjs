'use strict';
// tslab forgets the names that a stopped cell has declared, though their values are there.

/**
 * Makes the converters that tslab creates remember them.
 *
 * @returns `keep`, to call when a cell was stopped
 */
function installDeclarations(tslab) {
  const { createConverter } = tslab.converter;
  let last = null; // of the cell converted last: what it knew, what is known with it
  let kept = null; // the same, of a stopped cell
  tslab.converter.createConverter = (options) => {
    const converter = createConverter(options);
    const { convert, inspect, complete } = converter;
    // tslab goes on from `known` until a later cell has succeeded.
    const withKept = (known) => (kept?.known === known ? kept.declared : known);
    converter.convert = (known, source) => {
      const converted = convert(withKept(known), source);
      if (converted.declOutput !== undefined) last = { known, declared: converted.declOutput };
      return converted;
    };
    converter.inspect = (known, ...rest) => inspect(withKept(known), ...rest);
    converter.complete = (known, ...rest) => complete(withKept(known), ...rest);
    return converter;
  };
  return { keep: () => (kept = last) };
}

module.exports = { installDeclarations };
