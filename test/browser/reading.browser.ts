import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'reading');
const names = ['04-train', '05-sample', '06-guidance-sweep'];
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => names.forEach((name) => copyNotebook(name, path.join(folder, 'notebooks'))),
  (both) => void ({ lab, page } = both),
);

/** The outputs that JupyterLab holds, as text, and whether it takes the notebook for changed. */
function state(page: Page): Promise<{ outputs: string; dirty: boolean }> {
  return page.evaluate(() => {
    interface Cell {
      readonly model: { toJSON(): unknown };
    }
    interface Panel {
      readonly content?: { readonly widgets: readonly Cell[] };
      readonly context?: { readonly model: { readonly dirty: boolean } };
    }
    const app = (window as unknown as { jupyterapp: { shell: { widgets(area: string): Iterable<Panel> } } }).jupyterapp; // prettier-ignore
    const panel = [...app.shell.widgets('main')].find(({ context }) => context);
    const outputs = JSON.stringify(panel?.content?.widgets.map(({ model }) => model.toJSON()));
    return { outputs, dirty: panel?.context?.model.dirty ?? true };
  });
}

describe.each(names)('reading %s', (name) => {
  it('changes neither the notebook nor its file', async () => {
    const file = path.join(lab.notebooks, `${name}.ipynb`);
    const notebook = await NotebookPage.open(page, lab, name);
    await notebook.save(); // the file had the language of an older kernel
    const [stored, before] = [fs.readFileSync(file, 'utf8'), await state(page)];
    expect(before.dirty).toBe(false);
    const count = await notebook.figures().count();
    expect(count).toBeGreaterThan(0);
    for (let index = 0; index < count; index++) {
      const figure = notebook.figures().nth(index);
      const marks = await notebook.plotMarks(figure);
      expect(marks.lines + marks.points + marks.images).toBeGreaterThan(0);
      const box = await figure.boundingBox();
      if (box) {
        // hovering, a rectangle to zoom in, back by two clicks
        const [x, y] = [box.x + box.width / 3, box.y + box.height / 2];
        await page.mouse.move(x, y, { steps: 5 });
        await page.mouse.down();
        await page.mouse.move(x + 60, y + 40, { steps: 5 });
        await page.mouse.up();
        await page.mouse.dblclick(x, y);
      }
    }
    await page.setViewportSize({ width: 900, height: 700 });
    await page.waitForTimeout(1500);
    await page.setViewportSize({ width: 1100, height: 900 });
    await page.waitForTimeout(500);
    const after = await state(page);
    expect(after.outputs.length).toBe(before.outputs.length);
    expect(after).toEqual(before);
    expect(fs.readFileSync(file, 'utf8')).toBe(stored);
    await shutDownAll(lab);
  });
});

describe('in the dark theme', () => {
  beforeAll(async () => {
    await shutDownAll(lab);
    await lab.text('/lab/api/settings/@jupyterlab/apputils-extension:themes', {
      method: 'PUT',
      body: JSON.stringify({ raw: JSON.stringify({ theme: 'JupyterLab Dark' }) }),
    });
  });

  it.each(names)('%s: pictures and live plots are dark, digits as they are', async (name) => {
    const notebook = await NotebookPage.open(page, lab, name);
    await page.locator('body[data-jp-theme-light="false"]').waitFor({ state: 'attached' });
    await page.waitForFunction(
      () => [...document.querySelectorAll<HTMLImageElement>('.jp-RenderedPlotly > img')].every(({ complete, style }) => complete && style.opacity !== '0'), // prettier-ignore
    );
    // clear paper, through which the page's shows
    expect(new Set(await notebook.paperOfPictures())).toEqual(new Set(['0,0,0,0']));
    const before = await state(page);
    const count = await notebook.figures().count();
    for (let index = 0; index < count; index++) {
      const figure = notebook.figures().nth(index);
      await notebook.plotMarks(figure);
      const inks = await figure.locator('.main-svg text').evaluateAll((texts) =>
        texts
          .filter(({ textContent }) => textContent)
          .map((text) => {
            const [r = 0, g = 0, b = 0] = (getComputedStyle(text).fill.match(/[\d.]+/g) ?? []).map(Number); // prettier-ignore
            const linear = (byte: number) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4); // prettier-ignore
            const light = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
            return { text: text.textContent, contrast: (light + 0.05) / (linear(17) + 0.05) };
          }),
      );
      // WCAG 2.2, 1.4.3: at least 4.5 : 1
      expect(inks.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    }
    await page.waitForTimeout(500);
    expect(await state(page)).toEqual(before);
    await shutDownAll(lab);
  });
});
