// A stock Firefox, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/): only what is needed to look at a page.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import WebSocket from 'ws';

const LISTENING = /WebDriver BiDi listening on (ws:\/\/\S+)/;

/** Waits for the line that tells the address. */
const addressOf = (process) =>
  new Promise((resolve, reject) => {
    let said = '';
    process.stderr.on('data', (data) => {
      const found = LISTENING.exec((said += data));
      if (found) resolve(found[1]);
    });
    process.on('error', reject);
    process.on('exit', (code) => reject(new Error(`Firefox ended (${code}): ${said}`)));
  });

/** @param {string} executable @returns a browser with one page, which has a profile of its own */
export async function startFirefox(executable) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-firefox-'));
  const flags = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'];
  const firefox = spawn(executable, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  const socket = new WebSocket(`${await addressOf(firefox)}/session`);
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  const waiting = new Map();
  socket.on('message', (data) => {
    const { id, result, message, error } = JSON.parse(data);
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error) reject?.(new Error(`${error}: ${message}`));
    else resolve?.(result);
  });
  let last = 0;
  const send = (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });

  const { capabilities } = await send('session.new', { capabilities: {} });
  const { contexts } = await send('browsingContext.getTree');
  const { context } = contexts[0];
  return {
    version: capabilities.browserVersion,
    open: (url) => send('browsingContext.navigate', { context, url, wait: 'complete' }),
    /** Runs a function before the scripts of each page. */
    before: (run) => send('script.addPreloadScript', { functionDeclaration: String(run) }),
    /** @returns what the function of the page gives, through JSON */
    async evaluate(run, ...args) {
      const { result, exceptionDetails } = await send('script.evaluate', {
        expression: `Promise.resolve((${run})(...${JSON.stringify(args)})).then((x) => JSON.stringify(x ?? null))`,
        target: { context },
        awaitPromise: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.text);
      return JSON.parse(result.value);
    },
    async close() {
      const ended = new Promise((resolve) => firefox.on('exit', resolve));
      await send('browser.close').catch(() => firefox.kill());
      await ended;
      fs.rmSync(profile, { recursive: true, force: true });
    },
  };
}
