// What an option's value may be. A kind reads the text of the command line; what does not fit is told.
import fs from 'node:fs';
import path from 'node:path';
import { didYouMean, nearest } from './nearest.mjs';

/**
 * @typedef {object} Kind
 * @property {string} shown how help shows a value: N, FILE
 * @property {string} expected the end of a sentence: "a whole number from 1 on"
 * @property {(text: string) => unknown} read gives undefined for what does not fit, or throws `Misfit`
 * @property {string[]} [names] all values, where they can be listed
 */

/** A value that does not fit, where more can be said than what was expected. */
export class Misfit extends Error {}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** NaN for what is no number in decimal digits: '', ' 5', 0x10, Infinity. */
const numberOf = (text) => (NUMBER.test(text) ? Number(text) : NaN);

const rangeOf = (least, most) => {
  if (most !== Infinity) return ` from ${least} to ${most}`;
  return least === -Infinity ? '' : ` from ${least} on`;
};

/** A whole number. @returns {Kind} */
export function count({ from = 1, to = Infinity, multipleOf = 1 } = {}) {
  const what = multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
  return {
    shown: 'N',
    expected: what + rangeOf(from, to),
    read(text) {
      const value = numberOf(text);
      const fits = Number.isSafeInteger(value) && value >= from && value <= to;
      return fits && value % multipleOf === 0 ? value : undefined;
    },
  };
}

/** A finite number. @returns {Kind} */
export function number({ from = -Infinity, above = -Infinity, shown = 'X' } = {}) {
  return {
    shown,
    expected: above > -Infinity ? `a number above ${above}` : `a number${rangeOf(from, Infinity)}`,
    read(text) {
      const value = numberOf(text);
      return Number.isFinite(value) && value >= from && value > above ? value : undefined;
    },
  };
}

/** As lib's rule for seeds. */
export const seed = { ...count({ from: 0 }), expected: 'a whole number from 0 to 2^53 − 1' };

export const port = count({ from: 1, to: 65535 });

/** One of some names. @returns {Kind} */
export function choice(names, shown = 'NAME') {
  return {
    shown,
    names,
    expected: names.length < 3 ? names.join(' or ') : `one of ${names.join(', ')}`,
    read(text) {
      if (names.includes(text)) return text;
      throw new Misfit(didYouMean(nearest(text, names, 2)).trim());
    },
  };
}

/** Several values with commas between them. @param {Kind} kind @returns {Kind} */
export function list(kind, what) {
  return {
    shown: `${kind.shown},…`,
    names: kind.names,
    expected: what || `${kind.expected}, or several with commas between`,
    read(text) {
      const values = text.split(',').map((part) => kind.read(part.trim()));
      return values.includes(undefined) ? undefined : values;
    },
  };
}

/** @param {Kind['shown']} [shown] */
export const text = (shown = 'TEXT') => ({
  shown,
  expected: 'a text that is not empty',
  read: (given) => (given.trim() === '' ? undefined : given),
});

/** An object in JSON. @type {Kind} */
export const json = {
  shown: 'JSON',
  expected: 'an object in JSON such as {"key":0.7}, in single quotes',
  read(given) {
    try {
      const value = JSON.parse(given);
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? value
        : undefined;
    } catch {
      return undefined;
    }
  },
};

export const isFolder = (place) =>
  fs.statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
const isFile = (place) => fs.statSync(place, { throwIfNoEntry: false })?.isFile() === true;

/** Why nothing can be written at a place: the nearest thing that exists above it must be a folder that takes files. */
function writeProblem(place) {
  let above = path.dirname(place);
  while (!fs.existsSync(above)) above = path.dirname(above);
  if (!isFolder(above)) return `${above} is a file, not a folder.`;
  try {
    fs.accessSync(fs.existsSync(place) ? place : above, fs.constants.W_OK);
    return null;
  } catch {
    return `${fs.existsSync(place) ? place : above} cannot be written to.`;
  }
}

/** A folder to write into, made if need be; read as its absolute path. @type {Kind} */
export const newFolder = {
  shown: 'FOLDER',
  expected: 'a folder to write into',
  read(given) {
    if (given.trim() === '') return undefined;
    const place = path.resolve(given);
    if (fs.existsSync(place) && !isFolder(place)) throw new Misfit('That is a file.');
    const problem = writeProblem(place);
    if (problem !== null) throw new Misfit(problem);
    return place;
  },
};

/** A file to write, read as its absolute path. @param {string[]} endings such as '.svg' @returns {Kind} */
export function newFile(endings) {
  return {
    shown: 'FILE',
    expected: `a file to write that ends in ${endings.join(' or ')}`,
    read(given) {
      if (!endings.some((end) => given.endsWith(end) && given.length > end.length))
        return undefined;
      const place = path.resolve(given);
      if (isFolder(place)) throw new Misfit('That is a folder.');
      const problem = writeProblem(place);
      if (problem !== null) throw new Misfit(problem);
      return place;
    },
  };
}

/** A file that is there, read as its absolute path. @returns {Kind} */
export function oldFile(expected) {
  return {
    shown: 'FILE',
    expected,
    read(given) {
      const place = path.resolve(given);
      if (given.trim() === '') return undefined;
      if (isFolder(place)) throw new Misfit('That is a folder.');
      if (!isFile(place)) throw new Misfit(`There is no file ${place}.`);
      return place;
    },
  };
}

/**
 * A folder that is there and is what is wanted, read as its absolute path.
 *
 * @param {string} expected
 * @param {(place: string) => string | null} problemOf why it is not what is wanted
 * @param {(given: string) => string} [hint] what is offered where it is not
 * @returns {Kind}
 */
export function oldFolder(expected, problemOf, hint = () => '') {
  return {
    shown: 'FOLDER',
    expected,
    read(given) {
      if (given.trim() === '') throw new Misfit(hint(given));
      const place = path.resolve(given);
      const problem = isFile(place)
        ? 'That is a file.'
        : isFolder(place)
          ? problemOf(place)
          : `There is no folder ${place}.`;
      if (problem !== null) throw new Misfit(`${problem} ${hint(given)}`.trim());
      return place;
    },
  };
}
