import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook, storedFigures, storedWords, storedTensorCounts, withSmoke } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser, type LabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';

const tooSmall = (width: number) => width < 100;

/**
 * Opens, runs, saves and exports notebooks one after the other in one JupyterLab.
 *
 * @param names those that build on each other's models belong together
 * @param folderName of its files below runs/browser
 */
export function testNotebooks(names: readonly string[], folderName: string): void {
  const folder = path.join(root, 'runs', 'browser', folderName);
  let lab: Lab;
  let browser: LabAndBrowser['browser'];
  let page: Page;

  useLabAndBrowser(
    folder,
    () => {
      for (const name of names) copyNotebook(name, path.join(folder, 'notebooks'), withSmoke);
      const pictures = path.join('data', 'own-pictures'); // read beside the notebooks
      fs.cpSync(path.join(root, pictures), path.join(folder, pictures), { recursive: true });
    },
    (both) => void ({ lab, browser, page } = both),
  );

  describe.each(names)('%s', (name) => {
    let notebook: NotebookPage;
    let figures: number;
    const saved = () => path.join(lab.notebooks, `${name}.ipynb`);

    it('shows its stored pictures when opened', async () => {
      notebook = await NotebookPage.open(page, lab, name);
      expect((await notebook.pictureWidths()).filter(tooSmall)).toEqual([]);
      expect(await notebook.alternativeTexts()).toEqual(
        storedWords(saved(), 'application/vnd.plotly.v1+json'),
      );
    });

    it('runs from top to bottom without a red cell', async () => {
      await notebook.runAll();
      expect(await notebook.redOutputs()).toEqual([]);
      const counts = await notebook.executionCounts();
      expect(counts).toEqual(counts.map((_, index) => index + 1));
    });

    it('has drawn its figures', async () => {
      figures = await notebook.figures().count();
      for (let index = 0; index < figures; index++) {
        const marks = await notebook.plotMarks(notebook.figures().nth(index));
        expect(marks.lines + marks.points + marks.images).toBeGreaterThan(0);
      }
    });

    it('shows the new pictures when saved, closed and opened again', async () => {
      await notebook.save();
      await shutDownAll(lab);
      expect(storedFigures(saved())).toBe(figures);
      for (const count of storedTensorCounts(saved())) expect(count).toMatch(/alive +0$/);
      const again = await NotebookPage.open(page, lab, name);
      const widths = await again.pictureWidths();
      expect(widths).toHaveLength(figures);
      expect(widths.filter(tooSmall)).toEqual([]);
      await shutDownAll(lab);
    });

    it('shows them in its HTML export, without a network', async () => {
      const file = path.join(folder, `${name}.html`);
      fs.writeFileSync(file, await lab.text(`/nbconvert/html/${name}.ipynb`));
      const tab = await browser.context.newPage();
      try {
        await tab.route(/^https?:/, (route) => route.abort());
        await tab.goto(pathToFileURL(file).href, { waitUntil: 'domcontentloaded' });
        const pictures = await tab.locator('.jp-RenderedImage img').evaluateAll(async (all) => {
          const images = all as HTMLImageElement[];
          await Promise.all(images.map((image) => image.decode()));
          return images.map(({ naturalWidth, alt }) => ({ naturalWidth, alt }));
        });
        expect(pictures.filter(({ naturalWidth }) => tooSmall(naturalWidth))).toEqual([]);
        expect(pictures.map(({ alt }) => alt)).toEqual(storedWords(saved(), 'image/png'));
      } finally {
        await tab.close();
      }
    });
  });
}
