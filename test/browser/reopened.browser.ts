/** A page that is closed while a cell works and opened again shows what the cell has printed meanwhile. */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { root } from '../support/script';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'reopened');
let lab: Lab;
let page: Page;

interface Kernel {
  readonly clientId: string;
  sendShellMessage(message: object, expectReply: boolean): { readonly done: Promise<unknown> };
}
interface App {
  readonly commands: { execute(id: string): Promise<void> };
  readonly shell: {
    readonly currentWidget: { readonly sessionContext: { session: { kernel: Kernel } } };
  };
}
const wait = 'await new Promise((resolve) => setTimeout(resolve, 250));';
const cell = (id: string, source: string) => ({
  ...{ cell_type: 'code', id, source, metadata: {}, outputs: [], execution_count: null },
});
const cells = [
  cell('long', `for (let i = 0; i < 80; i++) { ${wait} console.log('long', i); }`),
  cell(
    'short',
    `await new Promise((resolve) => setTimeout(resolve, 500)); console.log('short'); 6 * 7`,
  ),
  cell('printed', `console.log('once'); 'value'`),
];

function prepare() {
  const notebooks = path.join(folder, 'notebooks');
  fs.mkdirSync(notebooks, { recursive: true });
  const metadata = {
    kernelspec: { name: 'tslab', display_name: 'TypeScript', language: 'typescript' },
  };
  const notebook = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
  fs.writeFileSync(path.join(notebooks, 'prints.ipynb'), JSON.stringify(notebook));
}
useLabAndBrowser(folder, prepare, (both) => void ({ lab, page } = both));

const texts = (index: number) =>
  page
    .locator('.jp-Notebook .jp-Cell')
    .nth(index)
    .locator('.jp-OutputArea-output')
    .allTextContents();
const lines = async () => (await texts(0)).join('').split('\n').filter(Boolean);
const prompt = (index: number) =>
  page.locator('.jp-Notebook .jp-Cell').nth(index).locator('.jp-InputPrompt').textContent();

async function close(notebook: NotebookPage) {
  await notebook.save();
  page.once('dialog', (dialog) => void dialog.accept());
  await page.goto('about:blank');
}
const open = () => page.goto(lab.url('/lab/workspaces/again/tree/prints.ipynb?reset'));

/** How many cells' outputs the kernel keeps for a page that has not shown them. */
const kept = () =>
  page.evaluate(async () => {
    const { shell } = (globalThis as unknown as { jupyterapp: App }).jupyterapp;
    const { kernel } = shell.currentWidget.sessionContext.session;
    const msg_id = crypto.randomUUID();
    const header = { msg_id, msg_type: 'published_request', session: kernel.clientId };
    const rest = { channel: 'shell', parent_header: {}, metadata: {}, buffers: [], content: {} };
    const date = new Date().toISOString();
    const message = { ...rest, header: { ...header, username: '', date, version: '5.3' } };
    const reply = await kernel.sendShellMessage(message, true).done;
    return (reply as { content: { cells: unknown[] } }).content.cells.length;
  });

it('all of it, and what follows', async () => {
  const notebook = await NotebookPage.open(page, lab, 'prints');
  await notebook.startAll();
  await expect.poll(lines, { timeout: 60_000 }).toContain('long 3');
  await close(notebook);
  await page.waitForTimeout(3000);
  await open();
  await expect.poll(lines, { timeout: 60_000 }).toContain('long 15');
  expect(await prompt(0)).toBe('[*]:');
  await expect.poll(lines, { timeout: 60_000 }).toContain('long 79');
  expect(await lines()).toEqual(Array.from({ length: 80 }, (_, i) => `long ${i}`));
}, 180_000);

it('also of the cells behind it, which the page has sent and never seen', async () => {
  await expect.poll(() => texts(1), { timeout: 60_000 }).toEqual(['short\n', '42']);
  await expect.poll(() => texts(2), { timeout: 60_000 }).toEqual(['once\n', "'value'"]);
}, 120_000);

it('also of cells that have ended while it was closed; once', async () => {
  const notebook = await NotebookPage.open(page, lab, 'prints');
  await notebook.idle();
  await page.evaluate(() => {
    const { jupyterapp } = globalThis as unknown as { jupyterapp: App };
    return jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
  });
  await expect.poll(kept, { timeout: 30_000 }).toBe(0); // the kernel hears what was shown
  await close(notebook);
  await open();
  await page.locator('.jp-Notebook .jp-Cell').nth(2).waitFor({ timeout: 60_000 });
  await page.waitForTimeout(3000);
  expect(await texts(2)).toEqual([]); // what was shown and cleared does not come back
  const again = await NotebookPage.open(page, lab, 'prints');
  await again.idle();
  await page.locator('.jp-Notebook .jp-Cell').nth(1).locator('.cm-content').click();
  await page.keyboard.press('Control+Enter');
  await expect.poll(() => prompt(1)).toBe('[*]:');
  await close(again);
  await page.waitForTimeout(2000);
  await open();
  await expect.poll(() => texts(1), { timeout: 60_000 }).toEqual(['short\n', '42']);
  expect(await prompt(1)).toMatch(/^\[\d+\]:$/);
}, 180_000);
