/** A drawing pad in JupyterLab: drawn on with a mouse and a finger, what the kernel has of it, and where it is only shown. */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook, withSmoke } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser, type LabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'drawing-pad');
const NAME = '30-change-a-picture';
let lab: Lab;
let browser: LabAndBrowser['browser'];
let page: Page;

useLabAndBrowser(
  folder,
  () => {
    // What comes after the pad is not needed.
    copyNotebook(NAME, path.join(folder, 'notebooks'), withSmoke);
    const file = path.join(folder, 'notebooks', `${NAME}.ipynb`);
    const notebook = JSON.parse(fs.readFileSync(file, 'utf8')) as { cells: { source: unknown }[] };
    const after = notebook.cells.findIndex(({ source }) => source === 'pad.image');
    notebook.cells.length = after + 1;
    fs.writeFileSync(file, JSON.stringify(notebook));
  },
  (both) => void ({ lab, browser, page } = both),
);

describe('a drawing pad', () => {
  let notebook: NotebookPage;
  const pad = () => page.locator('[data-sdm-pad] canvas');
  const answer = (text: string | RegExp) => page.locator('small', { hasText: text }).waitFor();
  /** The picture below the pad. */
  const drawing = () =>
    page
      .locator('.jp-OutputArea:has([data-sdm-pad]) .jp-RenderedImage img')
      .evaluate((image: HTMLImageElement) => image.src);
  /** The grey values that the page shows, 0 to 255. */
  const shown = () =>
    pad().evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]!);
    });
  const kept = async () =>
    JSON.parse(
      await notebook.runBelow(
        'console.log(JSON.stringify([...pad.image.data].map((x) => Math.round(x * 255))))',
      ),
    ) as number[];
  /** A place on the pad, in its pixels, as one on the page. */
  const at = async (x: number, y: number) => {
    const box = (await pad().boundingBox())!;
    return { x: box.x + (x * box.width) / 28, y: box.y + (y * box.height) / 28 };
  };
  const toView = (place: Locator) => place.evaluate((it) => it.scrollIntoView({ block: 'center' }));

  beforeAll(async () => {
    notebook = await NotebookPage.open(page, lab, NAME);
    await notebook.runAll();
    expect(await notebook.redOutputs()).toEqual([]);
    await pad().waitFor();
    await toView(pad());
  });

  it('shows what it begins with, as the kernel has it', async () => {
    const pixels = await shown();
    expect(pixels.filter((x) => x > 128).length).toBeGreaterThan(30);
    expect(await kept()).toEqual(pixels);
    expect(await pad().getAttribute('aria-label')).toBe('Drawing pad of 28 × 28 pixels, 1 stroke');
  });

  it('draws what the mouse draws, and the model draws from it', async () => {
    await toView(pad());
    const [before, picture] = [await shown(), await drawing()];
    const [from, to] = [await at(18, 6), await at(17, 22)];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 12 });
    await page.mouse.up();
    const after = await shown();
    // The pen went down the middle of the right half, and nowhere else.
    const changed = after.flatMap((x, i) => (x === before[i] ? [] : [i]));
    expect(Math.min(...changed.map((i) => i % 28))).toBeGreaterThanOrEqual(15);
    expect(Math.max(...changed.map((i) => i % 28))).toBeLessThanOrEqual(20);
    expect(after[14 * 28 + 17]).toBe(255);
    await expect.poll(drawing, { timeout: 60_000 }).not.toBe(picture);
    expect(await kept()).toEqual(after);
    const strokes = JSON.parse(await notebook.runBelow('console.log(JSON.stringify(pad.strokes))')) as number[][][]; // prettier-ignore
    expect(strokes.length).toBe(2);
    expect(strokes[1]!.length).toBeGreaterThan(10);
    expect(Math.hypot(strokes[1]![0]![0]! - 18, strokes[1]![0]![1]! - 6)).toBeLessThan(0.2);
    expect(Math.hypot(strokes[1]!.at(-1)![0]! - 17, strokes[1]!.at(-1)![1]! - 22)).toBeLessThan(
      0.2,
    );
    expect(await notebook.redOutputs()).toEqual([]);
  });

  it('draws what a finger draws, instead of scrolling', async () => {
    await toView(pad());
    const client = await browser.context.newCDPSession(page);
    await client.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    const scrolled = async () => (await pad().boundingBox())!.y;
    const [before, picture] = [await scrolled(), await drawing()];
    await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [await at(4, 4)] }); // prettier-ignore
    for (let y = 5; y <= 24; y++) {
      await client.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [await at(4, y)] }); // prettier-ignore
    }
    await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await client.send('Emulation.setTouchEmulationEnabled', { enabled: false });
    expect(await scrolled()).toBe(before);
    const pixels = await shown();
    expect(pixels[20 * 28 + 4]).toBe(255);
    await expect.poll(drawing, { timeout: 60_000 }).not.toBe(picture);
    expect(await kept()).toEqual(pixels);
  });

  it('takes back a stroke, and all', async () => {
    const buttons = page.locator('[data-sdm-pad] button');
    await buttons.filter({ hasText: 'Undo' }).click();
    expect((await shown())[20 * 28 + 4]).toBe(0);
    await expect.poll(() => notebook.runBelow('pad.strokes.length')).toBe('2');
    await buttons.filter({ hasText: 'Clear' }).focus();
    await page.keyboard.press('Enter');
    expect(new Set(await shown())).toEqual(new Set([0]));
    await expect.poll(() => notebook.runBelow('pad.strokes.length')).toBe('0');
    expect(await notebook.redOutputs()).toEqual([]);
  });

  it('is a picture and a sentence in an HTML export', async () => {
    await notebook.save();
    const file = path.join(folder, `${NAME}.html`);
    fs.writeFileSync(file, await lab.text(`/nbconvert/html/${NAME}.ipynb`));
    const tab = await browser.context.newPage();
    await tab.goto(pathToFileURL(file).href, { waitUntil: 'domcontentloaded' });
    const output = tab.locator('[data-sdm-pad]');
    expect(await output.locator('img').getAttribute('alt')).toBe('Drawing pad of 28 × 28 pixels, 1 stroke'); // prettier-ignore
    expect(await output.textContent()).toMatch(/Only shown here: it can be used in JupyterLab/);
    expect(await output.locator('canvas, button').count()).toBe(0);
    await tab.close();
  });

  it('says so when the kernel does not know it any more', async () => {
    for (const { id } of await lab.api<{ id: string }[]>('/api/kernels')) {
      await lab.api(`/api/kernels/${id}/restart`, { method: 'POST' });
    }
    await toView(pad());
    const place = await at(10, 10);
    await page.mouse.click(place.x, place.y);
    await answer('drawing is not set: the kernel has been started anew');
    await shutDownAll(lab);
  });
});
