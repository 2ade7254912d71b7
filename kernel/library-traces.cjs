'use strict';
// Frames of the compiled library told as places of its own files: dist/nn/linear.js:12:3 is lib/nn/linear.ts:20:5.
// For the kernel and for the commands, which run the same files. A file's map is read when a trace first names it.

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

/** `file:line:column` in a frame of a trace. */
const place = /((?:file:\/\/)?\/[^():]*\/dist\/[^():]+\.js):(\d+):(\d+)/;

/** By file: its map, or null where there is none. */
const maps = new Map();

/** With the package that reads it, which is not there before the first set-up. */
function readMap(file) {
  try {
    const { TraceMap } = require('@jridgewell/trace-mapping');
    return new TraceMap(JSON.parse(fs.readFileSync(`${file}.map`, 'utf8')), file);
  } catch {
    return null;
  }
}

const root = path.resolve(__dirname, '..');
const isOurs = (file) =>
  file.startsWith(path.join(root, 'dist') + path.sep) || !file.includes('/node_modules/');

/**
 * The place in lib/ that a place in dist/ was compiled from.
 *
 * @param {string} file absolute, or a file's URL
 * @param {number} line from 1
 * @param {number} column from 1
 * @returns {{ file: string, line: number, column: number } | null} null if it is no place of a compiled library
 */
function libraryPlace(file, line, column) {
  const own = file.startsWith('file:') ? fileURLToPath(file) : file;
  if (!isOurs(own)) return null;
  if (!maps.has(own)) maps.set(own, readMap(own));
  const map = maps.get(own);
  if (map === null) return null;
  const { originalPositionFor } = require('@jridgewell/trace-mapping');
  const found = originalPositionFor(map, { line, column: Math.max(0, column - 1) });
  if (found.source === null) return null;
  return { file: path.resolve(found.source), line: found.line, column: found.column + 1 };
}

/**
 * A frame of a trace, or any line that names a place of dist/, with the place of lib/ instead.
 *
 * @param {string} frame
 */
function inLibraryLines(frame) {
  const match = place.exec(frame);
  if (match === null) return frame;
  const [text, file, line, column] = match;
  const found = libraryPlace(file, Number(line), Number(column));
  return found === null
    ? frame
    : frame.replace(text, `${found.file}:${found.line}:${found.column}`);
}

/** Makes all traces of this process tell places of lib/. The kernel, which has more to mend, calls the above itself. */
function installLibraryTraces() {
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `    at ${inLibraryLines(String(frame))}`);
    return [Error.prototype.toString.call(error), ...lines].join('\n');
  };
}

module.exports = { inLibraryLines, installLibraryTraces, libraryPlace };
