import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { loadScript, root } from '../support/script';
import { notebookNames } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';

const folder = path.join(root, 'runs', 'browser', 'welcome');
const pages = ['welcome.md', 'from-diffusers.md'];
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => {
    const to = path.join(folder, 'notebooks');
    fs.mkdirSync(to, { recursive: true });
    for (const name of pages) {
      fs.copyFileSync(path.join(root, 'notebooks', name), path.join(to, name));
    }
  },
  (both) => void ({ lab, page } = both),
);

it('the page that npm start opens is read, not edited, and leads on', async () => {
  const { firstPage } = loadScript<{ firstPage: string }>('setup/jupyterlab.mjs');
  await page.goto(lab.url(firstPage));
  const shown = page.locator('.jp-MarkdownViewer');
  await shown.getByRole('heading', { name: 'Welcome' }).waitFor({ timeout: 60_000 });
  await shown.getByRole('link', { name: 'From diffusers to here' }).click();
  await page.getByRole('heading', { name: 'Side by side' }).waitFor();
});

it('it links to each chapter, and to nothing that is not there', () => {
  const text = fs.readFileSync(path.join(root, 'notebooks', 'welcome.md'), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link!);
  const files = [...notebookNames.map((name) => `${name}.ipynb`), 'from-diffusers.md'];
  expect([...links].sort()).toEqual([...files, '05-sample.ipynb'].sort());
});
