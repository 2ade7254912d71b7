'use strict';
// Insertions into a text and removals from it, and where a position of the result was before.

class Edits {
  #edits = [];

  constructor(text) {
    this.text = text;
  }

  /** @param place where a position within the inserted text is said to be, if not at its end */
  insert(at, text, place) {
    this.#edits.push({ at, removed: 0, text, place });
  }

  replace(start, end, text) {
    this.#edits.push({ at: start, removed: end - start, text });
  }

  /** Leaves nothing of some text but its line breaks. */
  remove(start, end) {
    this.replace(start, end, this.text.slice(start, end).replace(/[^\n]+/g, ''));
  }

  /**
   * The text with all edits, between `before` and `after`.
   *
   * @returns `code`, and `before(offset)`: where in the text an offset of the code was
   */
  apply(before, after) {
    let code = before;
    let at = 0;
    /** Where a stretch of the code begins, and where it was. */
    const stretches = [
      [0, 0],
      [code.length, 0],
    ];
    // A stable sort: what was inserted first at one place stays first.
    for (const edit of this.#edits.toSorted((a, b) => a.at - b.at)) {
      code += this.text.slice(at, edit.at);
      if (edit.place !== undefined) stretches.push([code.length, edit.place]);
      code += edit.text;
      at = Math.max(at, edit.at + edit.removed);
      // V8 says that a call is where its bracket opens; that is told as where the called name begins.
      if (edit.place !== undefined)
        stretches.push([code.length, edit.place], [code.length + 1, at + 1]);
      else stretches.push([code.length, at]);
    }
    code += this.text.slice(at) + after;
    return { code, before: (offset) => originalOffset(stretches, offset, this.text.length) };
  }
}

function originalOffset(stretches, offset, length) {
  let index = 0;
  while (index + 1 < stretches.length && stretches[index + 1][0] <= offset) index++;
  const [start, was] = stretches[index];
  const end = stretches[index + 1]?.[1] ?? length;
  return end < was ? was : Math.min(was + (offset - start), end);
}

module.exports = { Edits };
