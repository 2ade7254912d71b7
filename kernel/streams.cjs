'use strict';
// process.stdout and process.stderr as the cell's output: whole characters, in order, nothing lost.

const { Writable } = require('node:stream');
const { StringDecoder } = require('node:string_decoder');
const { keepOrder } = require('./children.cjs');
const { captureDescriptors } = require('./descriptors.cjs');
const { STREAMS } = require('./descriptors-shared.cjs');

const lookEvery = 50; // milliseconds
const isHighSurrogate = (unit) => unit >= 0xd800 && unit < 0xdc00;

/** Makes text of bytes and of strings; what a write cuts off within a character waits for the next. */
class WholeCharacters {
  #decoder = new StringDecoder('utf8');
  #half = '';

  fromBytes(bytes) {
    return this.#takeHalf() + this.#decoder.write(bytes);
  }

  fromString(string) {
    const text = this.#decoder.end() + this.#takeHalf() + string;
    if (!isHighSurrogate(text.charCodeAt(text.length - 1))) return text;
    this.#half = text.slice(-1);
    return text.slice(0, -1);
  }

  /** What still waits: U+FFFD for half a character. */
  end() {
    return this.#decoder.end() + this.#takeHalf();
  }

  #takeHalf() {
    const half = this.#half;
    this.#half = '';
    return half;
  }
}

/**
 * In the place of `process.stdout` or `process.stderr`. It outlives `end()` and `destroy()`, as Node's own do. Stop
 * breaks cells off in the midst of a write: nothing of this stream may wait for the end of one, as Writable's own writes do.
 */
class OutputStream extends Writable {
  #characters = new WholeCharacters();
  #send;
  #corks = 0;
  #held = [];

  constructor(fd, send) {
    super({ decodeStrings: false, autoDestroy: false, emitClose: false });
    this.fd = fd; // what children get for this stream
    this._isStdio = true;
    this.#send = send;
    this.restore();
  }

  /** Undoes what a cell has put in the place of `write`, and what it left corked. */
  restore() {
    this.write = this.#write;
    this.#corks = 0;
    this.#sendHeld();
  }

  #write = (chunk, encoding, callback) => {
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding];
    const isText = typeof chunk === 'string';
    if (isText ? encoding && !Buffer.isEncoding(encoding) : !ArrayBuffer.isView(chunk))
      return super.write(chunk, encoding); // it throws what Node throws
    this.#held.push([chunk, encoding ?? 'utf8']);
    if (this.#corks === 0) this.#sendHeld();
    if (callback) process.nextTick(callback, null);
    return true;
  };

  #sendHeld() {
    for (let next; (next = this.#held.shift());) {
      const [chunk, encoding] = next;
      if (typeof chunk !== 'string') {
        const { buffer, byteOffset, byteLength } = chunk;
        this.#send(this.#characters.fromBytes(Buffer.from(buffer, byteOffset, byteLength)));
      } else if (/^utf-?8$/i.test(encoding)) this.#send(this.#characters.fromString(chunk));
      else this.#send(this.#characters.fromBytes(Buffer.from(chunk, encoding)));
    }
  }

  cork() {
    this.#corks += 1;
  }

  uncork() {
    if (this.#corks > 0) this.#corks -= 1;
    if (this.#corks === 0) this.#sendHeld();
  }

  get writableCorked() {
    return this.#corks;
  }

  /** Later cells print on it, so it only looks ended to who waits for it. */
  end(chunk, encoding, callback) {
    const done = [chunk, encoding, callback].find((argument) => typeof argument === 'function');
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function')
      this.write(chunk, typeof encoding === 'string' ? encoding : undefined);
    this.#corks = 0;
    this.#sendHeld();
    process.nextTick(() => {
      done?.();
      this.emit('finish');
    });
    return this;
  }

  destroy() {
    return this;
  }

  finishText() {
    this.restore();
    this.#send(this.#characters.end());
  }
}

/** Children that run. The shell that waits for the kernel's end is not counted: nobody waits for it. */
const hasChildren = () => process.getActiveResourcesInfo().includes('ProcessWrap');

/**
 * Takes over stdout and stderr, those of JavaScript and those of the process.
 *
 * @param publish gets the stream's name and text that is not empty
 */
function openStreams(publish) {
  const descriptors = captureDescriptors();
  const ofDescriptors = { stdout: new WholeCharacters(), stderr: new WholeCharacters() };
  const send = (name, text) => {
    if (text !== '') publish(name, text);
  };

  /** Sends what has come past JavaScript, so that what follows comes after it. */
  function flush() {
    const chunks = descriptors?.take() ?? [];
    for (let chunk; (chunk = chunks.shift());) {
      const [name, bytes] = chunk;
      send(name, ofDescriptors[name].fromBytes(bytes));
    }
  }

  const streams = STREAMS.map((name, index) => {
    const stream = new OutputStream(index + 1, (text) => {
      flush();
      send(name, text);
    });
    Object.defineProperty(process, name, {
      configurable: true,
      enumerable: true,
      writable: true,
      value: stream,
    });
    return stream;
  });
  if (descriptors) {
    keepOrder(flush);
    setInterval(flush, lookEvery).unref();
  }

  return {
    flush,
    begin() {
      streams.forEach((stream, index) => {
        stream.restore();
        process[STREAMS[index]] = stream;
      });
      descriptors?.setRunning(true);
    },
    /** Sends all that was printed, half characters as U+FFFD; a child that lives may still end its own. */
    finish() {
      flush();
      streams.forEach((stream) => stream.finishText());
      if (hasChildren()) return;
      for (const [name, characters] of Object.entries(ofDescriptors)) send(name, characters.end());
    },
    end() {
      this.finish();
      descriptors?.setRunning(false);
    },
  };
}

module.exports = { openStreams };
