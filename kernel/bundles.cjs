'use strict';
// A value as a MIME bundle that Jupyter can send and a notebook can keep.

const util = require('node:util');
const { asText, reasonOf } = require('./as-text.cjs');

const displayMethod = Symbol.for('Jupyter.display');
/** What a library may set, to show values that have no such method: plain records, lists. */
const viewFunction = Symbol.for('kernel.view');
const metadataKey = Symbol.for('kernel.metadata');
const stopKey = Symbol.for('kernel.stop');

/** A view that has not come by then is given up: nobody would know why the cell does not end. */
const patience = 30_000; // milliseconds

const isJsonType = (mimeType) => /^application\/(.*\+)?json$/.test(mimeType);

function refuseInJson(key, value) {
  const type = typeof value;
  if (type !== 'bigint' && type !== 'function' && type !== 'symbol') return value;
  throw new TypeError(`${key === '' ? 'it' : `"${key}"`} is a ${type}, which JSON does not have`);
}

/** A copy as JSON has it, as it is now. */
function throughJson(value) {
  let json;
  let fault = 'it is undefined, which JSON does not have';
  try {
    json = JSON.stringify(value, refuseInJson);
  } catch (error) {
    const reason = reasonOf(error);
    fault = /circular/i.test(reason) ? 'it contains itself, which JSON cannot' : reason;
  }
  if (json === undefined) throw new TypeError(fault);
  return JSON.parse(json);
}

function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value)
    ? 'an array'
    : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

/** One content of a bundle: text, JSON, or binary data as base64. */
function encodeContent(mimeType, content) {
  if (ArrayBuffer.isView(content))
    return Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('base64');
  if (util.types.isAnyArrayBuffer(content)) return Buffer.from(content).toString('base64');
  if (typeof content === 'string') return content;
  if (Array.isArray(content) && content.every((line) => typeof line === 'string'))
    return [...content];
  if (isJsonType(mimeType)) return throughJson(content); // of any other type a notebook keeps text alone
  throw new TypeError(`expected a string or bytes, got ${kindOf(content)}`);
}

/** What can be sent of a bundle, and why the rest cannot. */
function sortOut(bundle) {
  const data = {};
  const faults = [];
  for (const mimeType of Object.keys(bundle)) {
    try {
      data[mimeType] = encodeContent(mimeType, bundle[mimeType]);
    } catch (error) {
      faults.push(`${mimeType}: ${reasonOf(error)}`);
    }
  }
  return { data, faults };
}

const isRecord = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * The data of a display, as Jupyter sends them.
 *
 * @throws TypeError when they are no record from MIME type to content, or a content cannot be sent
 */
function encodeBundle(bundle) {
  if (!isRecord(bundle) || Object.keys(bundle).length === 0)
    throw new TypeError(
      `A display needs data: a record from MIME type to content, got ${isRecord(bundle) ? 'an empty one' : kindOf(bundle)}.`,
    );
  const { data, faults } = sortOut(bundle);
  if (faults.length > 0)
    throw new TypeError(`A display cannot send its data. ${faults.join('; ')}`);
  return data;
}

/**
 * The metadata of a display.
 *
 * @throws TypeError when they are no record, or JSON cannot hold them
 */
function encodeMetadata(metadata) {
  let fault = `expected a record from MIME type to what is said of it, got ${kindOf(metadata)}`;
  if (isRecord(metadata)) {
    try {
      return throughJson(metadata);
    } catch (error) {
      fault = reasonOf(error);
    }
  }
  throw new TypeError(`A display cannot send its metadata: ${fault}`);
}

/** Awaits a view, until Stop or until it has taken too long. */
async function inTime(view) {
  const stop = new AbortController();
  const loops = globalThis[stopKey];
  loops?.add(stop);
  let timer;
  const givenUp = new Promise((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(new Error('stopped')));
    timer = setTimeout(
      () => reject(new Error(`nothing came within ${patience / 1000} s`)),
      patience,
    );
  });
  try {
    return await Promise.race([view, givenUp]);
  } finally {
    clearTimeout(timer);
    loops?.delete(stop);
  }
}

/** What a value, or a library for it, says how it looks; undefined where nobody does. */
function viewOf(value) {
  const isPrimitive = value === null || (typeof value !== 'object' && typeof value !== 'function');
  const own = isPrimitive ? undefined : value[displayMethod];
  if (typeof own === 'function') return { view: value[displayMethod]() };
  const view = globalThis[viewFunction]?.(value);
  return view === undefined ? undefined : { view };
}

function withNote(data, value, note) {
  const text = data['text/plain'];
  const lines = Array.isArray(text) ? text.join('') : (text ?? asText(value));
  return { ...data, 'text/plain': `${lines}\n(${note})` };
}

/** A promise that is shown has mostly been forgotten. */
function textOf(value) {
  const text = asText(value);
  if (!util.types.isPromise(value) || !text.includes('<pending>')) return text;
  return `${text}\n(a promise: with \`await\` before it comes what it will give)`;
}

/** The data of a cell's value, with `fault`: why some or all of its view is missing. */
async function dataOf(value) {
  try {
    const found = viewOf(value);
    if (found === undefined) return { data: { 'text/plain': textOf(value) } };
    const bundle = await inTime(found.view);
    if (!isRecord(bundle))
      throw new TypeError(`expected a record from MIME type to content, got ${kindOf(bundle)}`);
    const { data, faults } = sortOut(bundle);
    if (faults.length > 0) return { data, fault: faults.join('; ') };
    if (Object.keys(data).length === 0) throw new TypeError('it gave nothing to show');
    return { data };
  } catch (error) {
    return { data: {}, fault: reasonOf(error) };
  }
}

/** What a value says about its bundle by MIME type, for example the alternative text of its picture. */
function metadataOf(value) {
  const metadata = value?.[metadataKey];
  return metadata === undefined ? {} : encodeMetadata(metadata);
}

/**
 * Data and metadata of a cell's value, which may make its own data by a method `Symbol.for('Jupyter.display')`. It
 * never fails: where the view does, the value comes as text with a line that says why.
 */
async function displayOf(value) {
  const { data, fault } = await dataOf(value);
  if (fault !== undefined)
    return { data: withNote(data, value, `its view failed: ${fault}`), metadata: {} };
  // For consoles, exports, and pages that know none of the types.
  if (data['text/plain'] === undefined) data['text/plain'] = asText(value);
  try {
    return { data, metadata: metadataOf(value) };
  } catch (error) {
    const note = `its metadata failed: ${reasonOf(error)}`;
    return { data: withNote(data, value, note), metadata: {} };
  }
}

module.exports = { displayOf, encodeBundle, encodeMetadata };
