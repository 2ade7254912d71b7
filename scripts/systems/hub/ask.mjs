// Asks a JupyterHub of config.py for a server, and of that server what a person would: its first page, 6 * 7, a figure.
//   ASKER_TOKEN=… node scripts/systems/hub/ask.mjs IMAGE [PICTURE]
import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { findChromium } from '../../setup/chromium.mjs';

const [image, picture] = process.argv.slice(2);
const hub = 'http://127.0.0.1:18000';
const user = 'reader';
const secret = process.env.ASKER_TOKEN;

async function ask(path, { method = 'GET', token = secret, body } = {}) {
  const answer = await fetch(hub + path, {
    method,
    headers: { authorization: `token ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
  return text === '' ? null : /^[[{]/.test(text) ? JSON.parse(text) : text;
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** What a cell shows, by the kernel's websocket through the hub's proxy. */
function compute(kernel, token, code) {
  const socket = new WebSocket(
    `${hub.replace('http', 'ws')}/user/${user}/api/kernels/${kernel}/channels`,
    { headers: { authorization: `token ${token}` } },
  );
  const header = {
    msg_id: 'ask',
    username: '',
    session: 'ask',
    msg_type: 'execute_request',
    version: '5.3',
  };
  const content = {
    code,
    silent: false,
    store_history: false,
    user_expressions: {},
    allow_stdin: false,
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () =>
      socket.send(
        JSON.stringify({
          channel: 'shell',
          header,
          parent_header: {},
          metadata: {},
          content,
          buffers: [],
        }),
      ),
    );
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.msg_type === 'execute_result') resolve(message.content.data['text/plain']);
      if (message.msg_type === 'error') reject(new Error(message.content.evalue));
    });
  }).finally(() => socket.close());
}

await ask(`/hub/api/users/${user}`, { method: 'POST' });
let token = 'a-token-of-binder';
let started = performance.now();
await ask(`/hub/api/users/${user}/server`, { method: 'POST', body: { token, image } });
while (!(await ask(`/hub/api/users/${user}`)).servers?.['']?.ready) {
  if (performance.now() - started > 120_000)
    throw new Error('The server is not ready after 120 s.');
  await new Promise((resolve) => setTimeout(resolve, 500));
}
console.log(`the hub calls the server ready after ${seconds(started)}`);
// BinderHub's servers know the token that they were started with, JupyterHub's those of the hub.
if (!process.env.CHART) {
  const made = await ask(`/hub/api/users/${user}/tokens`, {
    method: 'POST',
    body: { note: 'ask' },
  });
  token = made.token;
}
const server = (path, more) => ask(`/user/${user}${path}`, { token, ...more });
const specs = await server('/api/kernelspecs');
console.log('kernels', Object.keys(specs.kernelspecs).join(), 'default', specs.default);
started = performance.now();
const { id } = await server('/api/kernels', { method: 'POST', body: {} });
console.log('6 * 7 =', await compute(id, token, '6 * 7'), `after ${seconds(started)}`);
const machine =
  "[require('os').availableParallelism(), process.constrainedMemory() / 1e9, process.env.CPU_LIMIT, process.env.MEM_LIMIT].join(' ')";
console.log('cores, GB of memory', await compute(id, token, machine));
await server(`/api/kernels/${id}`, { method: 'DELETE' });

const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
// Binder hands its token on in the address, a hub asks who it is.
await page.goto(`${hub}/user/${user}/${process.env.CHART ? `?token=${token}` : ''}`);
if (!process.env.CHART) {
  await page.fill('[name=username]', user);
  await page.fill('[name=password]', 'any');
  await page.click('[type=submit]');
}
const welcome = await page
  .locator('.jp-RenderedMarkdown h1')
  .first()
  .textContent({ timeout: 60_000 });
console.log('first page', new URL(page.url()).pathname, JSON.stringify(welcome));
await page.goto(`${hub}/user/${user}/lab/workspaces/ask/tree/01-load-data.ipynb?reset`);
await page.locator('.jp-KernelName', { hasText: 'tslab' }).first().waitFor({ timeout: 60_000 });
await page
  .locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
  .first()
  .waitFor({ timeout: 60_000 });
await page.locator('#jp-MainMenu .lm-MenuBar-itemLabel', { hasText: /^Run$/ }).click();
await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').first().click();
await page.locator('.jp-InputPrompt', { hasText: '[*]' }).first().waitFor({ state: 'attached' });
await page.waitForFunction(
  "![...document.querySelectorAll('.jp-InputPrompt')].some((prompt) => prompt.textContent.includes('[*]'))",
  undefined,
  { timeout: 120_000 },
);
const red = '[data-mime-type$="jupyter.error"], [data-mime-type$="jupyter.stderr"]';
console.log('01-load-data has run; red outputs:', await page.locator(red).count());
const figure = page.locator('.jp-RenderedPlotly').first();
await figure.scrollIntoViewIfNeeded();
console.log('width of the first figure', (await figure.boundingBox()).width);
if (picture) await page.screenshot({ path: picture });
await browser.close();
await ask(`/hub/api/users/${user}/server`, { method: 'DELETE' });
