'use strict';
// Jupyter counts positions in code points, JavaScript in UTF-16 units: an emoji is one and two.

/** The UTF-16 index of the code point number `position`; without a position, or beyond the text, its end. */
function toUtf16(text, position) {
  if (typeof position !== 'number' || Number.isNaN(position)) return text.length;
  let index = 0;
  for (let left = Math.max(0, Math.trunc(position)); left > 0 && index < text.length; left--)
    index += text.codePointAt(index) > 0xffff ? 2 : 1;
  return index;
}

/** How many code points lie before a UTF-16 index. */
function toCodePoints(text, index) {
  return [...text.slice(0, index)].length;
}

/** What a completion answers, with its positions in code points: the range, and those of each kind. */
function inCodePoints(text, answer) {
  const count = (index) => toCodePoints(text, index);
  const kinds = answer.metadata?._jupyter_types_experimental;
  return {
    ...answer,
    ...(answer.cursor_start === undefined
      ? {}
      : { cursor_start: count(answer.cursor_start), cursor_end: count(answer.cursor_end) }),
    ...(Array.isArray(kinds)
      ? {
          metadata: {
            ...answer.metadata,
            _jupyter_types_experimental: kinds.map((kind) => ({
              ...kind,
              ...(kind.start === undefined ? {} : { start: count(kind.start) }),
              ...(kind.end === undefined ? {} : { end: count(kind.end) }),
            })),
          },
        }
      : {}),
  };
}

module.exports = { inCodePoints, toUtf16 };
