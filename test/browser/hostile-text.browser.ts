/** Texts that would run code, in every kind of output, in a trusted notebook in JupyterLab. */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { keepPageOfFailure, startChromium } from './chromium';
import { HOSTILE_TEXTS } from './hostile-texts';
import { startLab, type Lab } from './jupyterlab';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'hostile');
const textsFile = path.join(folder, 'notebooks', 'texts.json');
const PLAIN_TEXTS = HOSTILE_TEXTS.map((_, i) => `plain ${i}`);

const CELLS = [
  // Outputs of this notebook are trusted: this one runs.
  `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'text/html': '<img src=x onerror="window.control=1">' } });`,
  `import * as sd from 'stable-diffusion-mnist';
import { readFileSync } from 'node:fs';
const texts = () => JSON.parse(readFileSync(${JSON.stringify(textsFile)}, 'utf8')) as string[];
const some = () => texts().map((text) => text.slice(0, 200));`,
  `for (const text of texts()) sd.table([{ [text]: text, list: [text], object: { [text]: text } }], { caption: text }).show();`,
  `for (const text of texts()) {
  const bar = sd.progress(2, { description: text, unit: text });
  bar.update(1, { [text]: text });
  bar.close();
}`,
  `const show = (globalThis as any)[Symbol.for('kernel.display')]();
for (const text of texts()) {
  const form: any = sd.form({ [text]: text, choice: text, flag: true }, { choice: [text, 'other'] } as object);
  show({ data: form[Symbol.for('Jupyter.display')]() });
}`,
  `const images = () => ({ data: new Float32Array(some().length * 64), shape: [some().length, 8, 8, 1] });
await sd.imageGrid(images(), { title: some().join(' '), titles: some(), columns: 5 }).show();
await sd.lossCurve([{ step: 1, loss: 1 }, { step: 2, loss: 2 }], { title: some().join(' ') }).show();
await sd.embeddingPlot({ data: some().flatMap((_, i) => [i, i * i]), shape: [some().length, 2] }, some()).show();`,
  `for (const text of some()) { console.log(text); console.error(text); }`,
  `throw new TypeError(some().join('\\n'));`,
];

let lab: Lab;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
let notebook: NotebookPage;
const dialogs: string[] = [];

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.dirname(textsFile), { recursive: true });
  const cells = CELLS.map((source, i) => ({
    ...{ id: `cell-${i}`, cell_type: 'code', execution_count: null, metadata: {}, outputs: [] },
    source,
  }));
  const kernelspec = { name: 'tslab', display_name: 'TypeScript (tslab)', language: 'typescript' };
  fs.writeFileSync(
    path.join(folder, 'notebooks', 'hostile.ipynb'),
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells }),
  );
  [lab, browser] = await Promise.all([startLab(folder), startChromium()]);
  page = browser.page;
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  notebook = await NotebookPage.open(page, lab, 'hostile');
});
beforeEach(() => keepPageOfFailure(page));
afterAll(async () => {
  await browser?.close();
  await lab?.close();
});

/** Runs all with these texts; of each output the elements in it, with the names of their attributes. */
async function outputsOf(texts: readonly string[]): Promise<string[][]> {
  fs.writeFileSync(textsFile, JSON.stringify(texts));
  await notebook.startAll();
  await notebook.ended();
  // JupyterLab's extension has seen every form.
  await page.waitForFunction(() => !document.querySelector('[data-name][disabled]'));
  return page.evaluate(() => {
    const describe = (element: Element) =>
      `${element.tagName} ${[...element.attributes]
        .map(({ name }) => name)
        .sort()
        .join(' ')}`;
    return [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].map((cell) =>
      [...cell.querySelectorAll('.jp-OutputArea-output')].map((output) =>
        [...output.querySelectorAll('*')].map(describe).join('\n'),
      ),
    );
  });
}

let plain: string[][];
let hostile: string[][];

describe('hostile texts in outputs', () => {
  it('are there in as many outputs as plain ones', async () => {
    plain = await outputsOf(PLAIN_TEXTS);
    await page.evaluate(() => Object.assign(window, { control: 0, hacked: 0 }));
    hostile = await outputsOf(HOSTILE_TEXTS);
    const counts = (outputs: readonly string[][]) => outputs.slice(2).map(({ length }) => length);
    expect(counts(hostile)).toEqual(counts(plain));
    const count = HOSTILE_TEXTS.length;
    expect(counts(hostile).slice(0, 4)).toEqual([count, count, count, 3]);
  });

  it.each([
    ['tables', 2],
    ['bars', 3],
    ['forms', 4],
  ])('make no element and no attribute in %s', (_, cell) => {
    hostile[cell]!.forEach((output, i) =>
      expect(output, HOSTILE_TEXTS[i]!.slice(0, 200)).toBe(plain[cell]![i]),
    );
  });

  it('are read as they are', async () => {
    const shown = await page.evaluate(() =>
      [...document.querySelectorAll('.jp-CodeCell')]
        .slice(2, 3)
        .flatMap((cell) =>
          [...cell.querySelectorAll('table')].map((table) => [
            table.querySelector('caption')?.textContent,
            table.querySelector('th')?.textContent,
            table.querySelector('td')?.textContent,
          ]),
        ),
    );
    // HTML has no NUL, and one kind of line end.
    const inHtml = (text: string) => text.replaceAll('\0', '').replaceAll('\r\n', '\n');
    expect(shown).toEqual(HOSTILE_TEXTS.map(inHtml).map((text) => [text, text, text]));
  });

  it('make nothing that could run in plots that are pointed at, printed lines and errors', async () => {
    for (let i = 0; i < 3; i++) await notebook.plotMarks(notebook.figures().nth(i));
    const bad = await page.evaluate(() =>
      [...document.querySelectorAll('.jp-OutputArea-output *')].flatMap((element) => {
        const { tagName, attributes } = element;
        const cell = element.closest('.jp-CodeCell');
        const index = [...document.querySelectorAll('.jp-CodeCell')].indexOf(cell!);
        if (index === 0) return []; // the control
        const attribute = [...attributes].find(
          ({ name, value }) => /^on/i.test(name) || /^\s*java\s*script:/i.test(value),
        );
        const tag = /^(iframe|object|embed|base|meta|link|video|body)$/i.test(tagName);
        return tag || attribute ? [`${index}: ${element.outerHTML.slice(0, 300)}`] : [];
      }),
    );
    expect(bad).toEqual([]);
  });

  it('run nothing, where the control did run', async () => {
    await page.mouse.move(300, 300);
    const { control, hacked } = await page.evaluate(() => {
      const { control, hacked } = window as unknown as { control: number; hacked: number };
      return { control, hacked };
    });
    expect({ control, hacked, dialogs }).toEqual({ control: 1, hacked: 0, dialogs: [] });
  });
});
