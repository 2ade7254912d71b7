// "Did you mean …?": the names that a misspelt one is near to.

/** Edits from one word to the other: letters added, left out, changed, or two neighbours swapped. */
function editDistance(a, b) {
  let [beforeLast, last] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(changed, last[j] + 1, row[j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/** As people write one name in several ways: saveEvery, save_every, SAVE-EVERY. */
const plain = (name) => name.toLowerCase().replace(/[-_\s.]/g, '');

/** Whether two names differ in how they are written only. */
export const isSameName = (a, b) => plain(a) === plain(b);

/**
 * The known names that are near enough to be meant, the nearest first.
 *
 * @param {string} given
 * @param {Iterable<string>} known
 * @param {number} [most] of them
 * @returns {string[]}
 */
export function nearest(given, known, most = 3) {
  const word = plain(given);
  if (word === '') return [];
  const found = [];
  for (const name of known) {
    const other = plain(name);
    const begins = word.length >= 3 && (other.startsWith(word) || word.startsWith(other));
    const distance = editDistance(word, other);
    const allowed = Math.max(1, Math.round(0.35 * Math.max(word.length, other.length)));
    if (distance <= allowed || begins) found.push([Math.min(distance, allowed), name]);
  }
  found.sort(([a], [b]) => a - b);
  return found.slice(0, most).map(([, name]) => name);
}

/** ` Did you mean --steps?`, or nothing. */
export function didYouMean(names) {
  return names.length === 0 ? '' : ` Did you mean ${names.join(' or ')}?`;
}
