'use strict';
// tslab reaches a name of an earlier cell by rewriting it to `exports.name`, but it misses shorthand
// properties: `const x = 1` in one cell and `({ x })` in the next fails with "x is not defined".

/** Writes `{ x }` as `{ x: x }`, so that tslab sees the name. Lines stay as they are. */
function expandShorthand(typescript, source) {
  const file = typescript.createSourceFile(
    'cell.ts',
    source,
    typescript.ScriptTarget.Latest,
    /* setParentNodes */ false,
  );
  const insertions = [];
  const visit = (node) => {
    // With a default (`({ x = 1 } = y)`) it is a pattern, which has no long form of this kind.
    if (typescript.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer)
      insertions.push([node.name.end, `: ${node.name.text}`]);
    typescript.forEachChild(node, visit);
  };
  visit(file);
  let text = source;
  for (const [position, added] of insertions.reverse())
    text = text.slice(0, position) + added + text.slice(position);
  return text;
}

/** Makes every converter that tslab creates expand shorthand properties first. */
function installShorthand(tslab, typescript) {
  const { createConverter } = tslab.converter;
  tslab.converter.createConverter = (options) => {
    const converter = createConverter(options);
    const { convert } = converter;
    converter.convert = (previous, source) =>
      convert(previous, expandShorthand(typescript, source));
    return converter;
  };
}

module.exports = { expandShorthand, installShorthand };
