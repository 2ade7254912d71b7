/** Texts that would run code, in every kind of output: as it is made, saved and opened again, and exported. */
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { LONGEST_TEXT, shortened } from '../../lib/figure/escape';
import { root } from '../support/script';
import { HOSTILE_TEXTS } from './hostile-texts';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser, type LabAndBrowser } from './lab-and-browser';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'hostile');
const notebookFile = (name: string) => path.join(folder, 'notebooks', `${name}.ipynb`);
/** The first one is plain: what it makes is what the others may make. */
const TEXTS = ['plain', ...HOSTILE_TEXTS];
/** A form refuses longer ones. */
const IN_FORMS = TEXTS.filter(({ length }) => length <= LONGEST_TEXT);

const CELLS = [
  // Outputs of this notebook are trusted: this one runs.
  `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'text/html': '<img src=x onerror="window.control=1">' } });`,
  `import * as sd from 'stable-diffusion-mnist/notebook';
import { readFileSync } from 'node:fs';
const texts = JSON.parse(readFileSync(${JSON.stringify(path.join(folder, 'texts.json'))}, 'utf8')) as string[];
const short = texts.map((text) => text.slice(0, 200));`,
  `for (const text of texts) sd.table([{ [text]: text, list: [text], object: { [text]: text } }], { caption: text }).show();`,
  `for (const text of texts) {
  const bar = sd.progress(2, { description: text, unit: text });
  bar.update(1, { [text]: text });
  bar.close();
}`,
  `const show = (globalThis as any)[Symbol.for('kernel.display')]();
for (const text of texts.filter(({ length }) => length <= ${LONGEST_TEXT})) {
  const form: any = sd.form({ [text]: text, choice: text, flag: true }, { choice: [text, 'other'] } as object);
  show({ data: form[Symbol.for('Jupyter.display')]() });
}`,
  `const images = { data: new Float32Array(texts.length * 64), shape: [texts.length, 8, 8, 1] };
await sd.imageGrid(images, { title: short.join(' '), titles: texts, columns: 5 }).show();
await sd.lossCurve([{ step: 1, loss: 1 }, { step: 2, loss: 2 }], { title: short.join(' ') }).show();
await sd.embeddingPlot({ data: texts.flatMap((_, i) => [i, i * i]), shape: [texts.length, 2] }, texts).show();`,
  `for (const text of short) { console.log(text); console.error(text); }`,
  `throw new TypeError(short.join('\\n'));`,
];

let lab: Lab;
let browser: LabAndBrowser['browser'];
let page: Page;
let notebook: NotebookPage;
const dialogs: string[] = [];

function prepare() {
  fs.mkdirSync(path.dirname(notebookFile('')), { recursive: true });
  fs.writeFileSync(path.join(folder, 'texts.json'), JSON.stringify(TEXTS));
  const cells = CELLS.map((source, i) => ({
    ...{ id: `cell-${i}`, cell_type: 'code', execution_count: null, metadata: {}, outputs: [] },
    source,
  }));
  const kernelspec = { name: 'tslab', display_name: 'TypeScript (tslab)', language: 'typescript' };
  fs.writeFileSync(
    notebookFile('hostile'),
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells }),
  );
}

async function started(both: LabAndBrowser) {
  ({ lab, browser, page } = both);
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  notebook = await NotebookPage.open(page, lab, 'hostile');
  await notebook.startAll();
  await notebook.ended();
}
useLabAndBrowser(folder, prepare, started);

/** Of each output of tables, bars and forms the elements in it, with the names of their attributes. */
async function madeElements(tab: Page): Promise<string[][]> {
  // JupyterLab's extension has seen every form.
  await tab.waitForFunction(() => !document.querySelector('.jp-LabShell [data-name][disabled]'));
  return tab.evaluate(() => {
    const describe = (element: Element) =>
      `${element.tagName} ${[...element.attributes]
        .map(({ name }) => name)
        .sort()
        .join(' ')}`;
    return [...document.querySelectorAll('.jp-Notebook .jp-CodeCell')]
      .slice(2, 5)
      .map((cell) =>
        [...cell.querySelectorAll('.jp-OutputArea-output')].map((output) =>
          [...output.querySelectorAll('*')].map(describe).join('\n'),
        ),
      );
  });
}

/** Elements in outputs that could run something, but for the control's. */
const runnable = (tab: Page) =>
  tab.evaluate(() =>
    [...document.querySelectorAll('.jp-OutputArea-output *')].flatMap((element) => {
      const { tagName, attributes } = element;
      const cell = element.closest('.jp-CodeCell');
      const index = [...document.querySelectorAll('.jp-CodeCell')].indexOf(cell!);
      if (index === 0) return [];
      const attribute = [...attributes].find(
        ({ name, value }) => /^on/i.test(name) || /^\s*java\s*script:/i.test(value),
      );
      const tag = /^(script|iframe|object|embed|base|meta|link|video|body)$/i.test(tagName);
      return tag || attribute ? [`${index}: ${element.outerHTML.slice(0, 300)}`] : [];
    }),
  );

/** What has run: the control or not, and how many texts. */
async function ran(tab: Page) {
  await tab.mouse.move(300, 300);
  const { control = 0, hacked = 0 } = await tab.evaluate(() => {
    const { control, hacked } = window as unknown as { control?: number; hacked?: number };
    return { ...(control && { control }), ...(hacked && { hacked }) };
  });
  return { control, hacked, dialogs };
}

/** Every text has made what the plain one has, and nothing has run but the control, where it may. */
async function expectInert(tab: Page, control: 0 | 1): Promise<void> {
  const [tables, bars, forms] = await madeElements(tab);
  expect([tables, bars, forms].map((outputs) => outputs?.length)).toEqual([
    TEXTS.length,
    TEXTS.length,
    IN_FORMS.length,
  ]);
  for (const [outputs, texts] of [
    [tables, TEXTS],
    [bars, TEXTS],
    [forms, IN_FORMS],
  ] as const) {
    outputs!.forEach((output, i) => expect(output, texts[i]!.slice(0, 200)).toBe(outputs![0]));
  }
  expect(await runnable(tab)).toEqual([]);
  expect(await ran(tab)).toEqual({ control, hacked: 0, dialogs: [] });
}

describe('hostile texts in outputs', () => {
  it('make no element and no attribute, and run nothing, where the control did run', async () => {
    await expectInert(page, 1);
  });

  it('are read as they are, up to their longest', async () => {
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
    const inHtml = (text: string) => shortened(text).replaceAll('\0', '').replaceAll('\r\n', '\n');
    expect(shown).toEqual(TEXTS.map(inHtml).map((text) => [text, text, text]));
  });

  it('make nothing that could run in plots that are pointed at', async () => {
    for (let i = 0; i < 3; i++) await notebook.plotMarks(notebook.figures().nth(i));
    expect(await runnable(page)).toEqual([]);
    expect(await ran(page)).toEqual({ control: 1, hacked: 0, dialogs: [] });
  });
});

describe('the saved notebook', () => {
  it('is small, whatever the texts', async () => {
    await notebook.save();
    expect(fs.statSync(notebookFile('hostile')).size).toBeLessThan(2_000_000);
  });

  it('is inert when opened again, trusted', async () => {
    await NotebookPage.open(page, lab, 'hostile');
    await expectInert(page, 1);
  });

  it('is inert when it is not trusted, and so is the control', async () => {
    const copy = JSON.parse(fs.readFileSync(notebookFile('hostile'), 'utf8')) as {
      cells: object[];
    };
    copy.cells.push({ id: 'more', cell_type: 'markdown', metadata: {}, source: 'Not signed.' });
    fs.writeFileSync(notebookFile('copied'), JSON.stringify(copy));
    await NotebookPage.open(page, lab, 'copied');
    await expectInert(page, 0);
  });

  it('is inert as exported HTML', async () => {
    const file = path.join(folder, 'hostile.html');
    fs.writeFileSync(file, await lab.text('/nbconvert/html/hostile.ipynb'));
    const tab = await browser.context.newPage();
    try {
      await tab.route(/^https?:/, (route) => route.abort());
      await tab.goto(pathToFileURL(file).href);
      await expectInert(tab, 1);
    } finally {
      await tab.close();
    }
  });
});
