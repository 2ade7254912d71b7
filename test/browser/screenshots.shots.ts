import path from 'node:path';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser, type LabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';

// The README's pictures of JupyterLab: `npm run screenshots` takes them of the notebooks as stored.

const images = path.join(root, 'docs', 'images');
const folder = path.join(root, 'runs', 'browser', 'screenshots');
let lab: Lab;
let page: Page;

function prepare() {
  for (const name of ['04-train', '05-sample']) copyNotebook(name, path.join(folder, 'notebooks'));
}

async function started(both: LabAndBrowser) {
  ({ lab, page } = both);
  await lab.text('/lab/api/settings/@jupyterlab/apputils-extension:notification', {
    method: 'PUT',
    body: JSON.stringify({ raw: JSON.stringify({ fetchNews: 'false' }) }),
  });
}
useLabAndBrowser(folder, prepare, started);

/** Opens a notebook with nothing beside it. */
async function open(name: string): Promise<NotebookPage> {
  await shutDownAll(lab);
  const notebook = await NotebookPage.open(page, lab, name);
  const side = page.locator('#jp-left-stack');
  if (await side.isVisible()) await page.keyboard.press('Control+b');
  await side.waitFor({ state: 'hidden' });
  return notebook;
}

/** The figure whose words begin like this, in the middle of the window, live. */
async function liveFigure(notebook: NotebookPage, words: string): Promise<void> {
  await notebook.alternativeTexts();
  const figure = notebook.figures().filter({ has: page.locator(`img[alt^="${words}"]`) });
  await notebook.plotMarks(figure.first());
  await page.mouse.move(0, 0);
  await figure.first().evaluate((element) => element.scrollIntoView({ block: 'center' }));
  await page.waitForTimeout(500); // plotly's buttons fade
}

const take = (name: string) => page.screenshot({ path: path.join(images, `lab-${name}.png`) });

it('the training view', async () => {
  await liveFigure(await open('04-train'), 'Training');
  await take('training-view');
});

it('the slider from noise to digit', async () => {
  await liveFigure(await open('05-sample'), 'From noise to digit');
  await take('denoising');
});

it('attention to the words of the caption', async () => {
  await liveFigure(await open('05-sample'), 'Attention');
  await take('attention');
});

it('the dark theme', async () => {
  await lab.text('/lab/api/settings/@jupyterlab/apputils-extension:themes', {
    method: 'PUT',
    body: JSON.stringify({ raw: JSON.stringify({ theme: 'JupyterLab Dark' }) }),
  });
  await liveFigure(await open('05-sample'), 'Embeddings');
  await take('dark-theme');
});
