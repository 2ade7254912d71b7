'use strict';
// Jupyter's messages on the wire: read, signed, sent.

const { createHmac, randomBytes, timingSafeEqual } = require('node:crypto');

const delimiter = Buffer.from('<IDS|MSG>');
const protocol = '5.3';

const sign = (key, parts) => {
  const hash = createHmac('sha256', key);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/**
 * JSON whose text is well formed. `JSON.stringify` writes half a surrogate pair as an escape, which readers
 * turn back into text that cannot be stored as UTF-8: the notebook could not be saved. It becomes U+FFFD.
 */
function toJson(value) {
  const json = JSON.stringify(value);
  if (!json.includes('\\ud')) return json;
  return json.replace(/\\(?:u(d[89a-f][\da-f]{2})|[^])/g, (escape, half) =>
    half ? '\ufffd' : escape,
  );
}

/**
 * A message from the frames of a socket.
 *
 * @throws Error when it is no message, or not signed with `key`
 */
function readMessage(key, frames) {
  const at = frames.findIndex((frame) => delimiter.equals(frame));
  if (at < 0 || frames.length < at + 6) throw new Error('no message of the Jupyter protocol');
  const signature = frames[at + 1];
  const parts = frames.slice(at + 2, at + 6);
  if (key !== '') {
    const wanted = Buffer.from(sign(key, parts));
    if (wanted.length !== signature.length || !timingSafeEqual(wanted, signature))
      throw new Error('a message with a wrong signature');
  }
  const [header, parent, metadata, content] = parts.map((part) => JSON.parse(part.toString()));
  return { identity: frames.slice(0, at), header, parent, metadata, content };
}

/** Sends `content` in answer to `message`. */
function sendMessage(key, socket, message, type, content, metadata = {}) {
  const header = {
    msg_id: randomBytes(16).toString('hex'),
    msg_type: type,
    session: message.header.session,
    username: message.header.username,
    date: new Date().toISOString(),
    version: protocol,
  };
  const parts = [header, message.header, metadata, content].map(toJson);
  const signature = key === '' ? '' : sign(key, parts);
  socket.send([...message.identity, delimiter, signature, ...parts]);
}

module.exports = { readMessage, sendMessage };
