import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { storedCells, storedFigures } from './copies';
import type { Lab } from './jupyterlab';

const RED =
  '[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]';
/** The outputs that plotly's extension renders: its picture first, the live plot when pointed at. */
const FIGURES = '.jp-RenderedPlotly';

/** A notebook in JupyterLab, used as a person does: by its menus, its toolbar and its keys. */
export class NotebookPage {
  constructor(
    readonly page: Page,
    readonly lab: Lab,
    readonly name: string,
  ) {}

  /**
   * Opens the notebook alone, in a workspace of its own, and waits for its kernel and for as many
   * figures as its file has.
   */
  static async open(page: Page, lab: Lab, name: string): Promise<NotebookPage> {
    await page.goto(lab.url(`/lab/workspaces/${name}/tree/${name}.ipynb?reset`));
    await page.locator('.jp-Notebook .jp-Cell').first().waitFor({ timeout: 60_000 });
    const notebook = new NotebookPage(page, lab, name);
    // Before the notebook has its session, Run would ask which kernel to take.
    await page.locator('.jp-KernelName', { hasText: 'tslab' }).first().waitFor({ timeout: 60_000 });
    await notebook.connected();
    // JupyterLab adds cells one after the other, as it finds the time.
    const file = path.join(lab.notebooks, `${name}.ipynb`);
    const last = notebook.cells().nth(storedCells(file).length - 1);
    await last.waitFor({ state: 'attached' });
    const stored = storedFigures(file);
    if (stored > 0) {
      await notebook
        .figures()
        .nth(stored - 1)
        .waitFor({ state: 'attached' });
    }
    return notebook;
  }

  /** Chooses an entry of a menu by the command behind it. */
  async menu(title: string, command: string): Promise<void> {
    await this.page
      .locator('#jp-MainMenu .lm-MenuBar-itemLabel', { hasText: new RegExp(`^${title}$`) })
      .click();
    await this.page.locator(`.lm-Menu-item[data-command="${command}"]`).first().click();
  }

  async idle(timeout = 120_000): Promise<void> {
    await this.page
      .locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
      .first()
      .waitFor({ timeout });
  }

  /**
   * Waits for the status of a kernel that has just started. Jupyter's server lets a page in before its subscription holds if the
   * kernel answers somebody else at that moment (`nudge` in jupyter_server's channels.py), so that the page may miss the
   * status. It then connects again, as a person would.
   */
  private async connected(): Promise<void> {
    const isIdle = await this.idle(30_000).then(
      () => true,
      () => false,
    );
    if (isIdle) return;
    await this.menu('Kernel', 'kernelmenu:reconnect-to-kernel');
    await this.idle();
  }

  /** All cells, in order. */
  cells(): Locator {
    return this.page.locator('.jp-Notebook .jp-Cell');
  }

  /** Cells that wait or run. */
  busyCells(): Locator {
    return this.page.locator('.jp-InputPrompt', { hasText: '[*]' });
  }

  /** Run All by the menu; returns when the last cell has ended. */
  async runAll(): Promise<void> {
    await this.startAll();
    await this.ended();
  }

  async startAll(): Promise<void> {
    await this.menu('Run', 'runmenu:run-all');
    const busy = this.busyCells().first().waitFor({ state: 'attached' });
    // A first cell that fails at once leaves none waiting.
    await Promise.race([busy, this.page.locator(RED).first().waitFor({ state: 'attached' })]);
  }

  async ended(timeout = 180_000): Promise<void> {
    await this.page.waitForFunction(
      () =>
        ![...document.querySelectorAll('.jp-InputPrompt')].some((prompt) =>
          prompt.textContent?.includes('[*]'),
        ),
      undefined,
      { timeout },
    );
    await this.idle();
  }

  /** What red outputs say: errors and what was printed on stderr. */
  redOutputs(): Promise<string[]> {
    return this.page.locator(RED).allTextContents();
  }

  /** The numbers of all code cells with text in them, in order; null where a cell has not run. */
  executionCounts(): Promise<(number | null)[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.jp-CodeCell')]
        .filter((cell) => cell.querySelector('.cm-line')?.textContent !== '')
        .map((cell) => /\d+/.exec(cell.querySelector('.jp-InputPrompt')?.textContent ?? '')?.[0])
        .map((count) => (count === undefined ? null : Number(count))),
    );
  }

  figures(): Locator {
    return this.page.locator(FIGURES);
  }

  /** The sizes in pixels of the figures' pictures, 0 for one that shows none. */
  async pictureWidths(): Promise<number[]> {
    await this.page.evaluate(async () => {
      const pictures = [...document.querySelectorAll<HTMLImageElement>('.jp-RenderedPlotly > img')];
      await Promise.all(pictures.map((picture) => picture.decode().catch(() => undefined)));
    });
    return this.figures().evaluateAll((figures) =>
      figures.map((figure) => figure.querySelector('img')?.naturalWidth ?? 0),
    );
  }

  /** The figures' alternative texts, once each of them has one. */
  async alternativeTexts(): Promise<string[]> {
    const selector = `${FIGURES} > img`;
    await this.page.waitForFunction(
      (pictures) =>
        [...document.querySelectorAll<HTMLImageElement>(pictures)].every(({ alt }) => alt !== ''),
      selector,
    );
    return this.page
      .locator(selector)
      .evaluateAll((pictures) => (pictures as HTMLImageElement[]).map(({ alt }) => alt));
  }

  /** The colour of each picture's first pixel as `r,g,b,a`. */
  paperOfPictures(): Promise<string[]> {
    return this.page.locator(`${FIGURES} > img`).evaluateAll((pictures) =>
      pictures.map((picture) => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas?.drawImage(picture as HTMLImageElement, 0, 0);
        return [...(canvas?.getImageData(0, 0, 1, 1).data ?? [])].join(',');
      }),
    );
  }

  /** Points at a figure, so that the live plot is drawn, and counts what plotly has drawn in it. */
  async plotMarks(figure: Locator): Promise<{ lines: number; points: number; images: number }> {
    const plot = figure.locator('.main-svg').first();
    // The page may still move: pictures above are laid out as they come into view.
    for (let attempt = 0; attempt < 10 && !(await plot.isVisible()); attempt++) {
      await figure.evaluate((element) => element.scrollIntoView({ block: 'center' }));
      await this.page.mouse.move(0, 0);
      const box = await figure.locator('> img').boundingBox();
      if (box) await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await plot.waitFor({ timeout: 2000 }).catch(() => undefined);
    }
    return figure.evaluate((element) => {
      const seen = (selector: string) =>
        [...element.querySelectorAll<SVGGraphicsElement>(`.main-svg ${selector}`)].filter(
          (mark) => {
            const { width, height } = mark.getBoundingClientRect();
            return width > 1 || height > 1;
          },
        ).length;
      // points of a curve and bars
      return { lines: seen('path.js-line'), points: seen('.points path'), images: seen('image') };
    });
  }

  async save(): Promise<void> {
    // a notebook without changes is clean from the start: only the server's answer says that the file is whole
    const written = this.page.waitForResponse(
      (response) =>
        response.request().method() === 'PUT' && response.url().includes('/api/contents/'),
    );
    await this.page.locator('[data-command="docmanager:save"]').first().click();
    await written;
    await this.page.waitForFunction(() => !document.querySelector('.jp-mod-dirty'));
  }

  /** Presses Stop. */
  async stop(): Promise<void> {
    await this.page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
  }

  /**
   * Notes every state of the outputs that match, from now on.
   *
   * @returns a function that gives them, without repeats
   */
  async record(selector: string, pattern: RegExp): Promise<() => Promise<string[]>> {
    await this.page.evaluate(
      ([selector, source]) => {
        const seen = new Set<string>();
        Object.assign(window, { seenStates: seen });
        const look = () => {
          for (const { textContent } of document.querySelectorAll(selector)) {
            const found = new RegExp(source).exec(textContent ?? '')?.[0];
            if (found !== undefined) seen.add(found);
          }
        };
        new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
      },
      [selector, pattern.source] as const,
    );
    return () =>
      this.page.evaluate(() => [...(window as unknown as { seenStates: Set<string> }).seenStates]);
  }

  /** Types code into a new cell at the end, runs it, and returns its output's text. */
  async runBelow(code: string, timeout = 120_000): Promise<string> {
    const { page } = this;
    const count = await this.cells().count();
    await this.cells()
      .nth(count - 1)
      .locator('.jp-InputArea-prompt')
      .click();
    await page.locator('[data-command="notebook:insert-cell-below"]').first().click();
    const cell = this.cells().nth(count);
    await cell.and(page.locator('.jp-CodeCell.jp-mod-active')).waitFor();
    const editor = cell.locator('.cm-content');
    await editor.click();
    await editor.fill(code);
    await editor.press('Control+Enter');
    await cell.locator('.jp-InputPrompt', { hasText: /\[\d+\]/ }).waitFor({ timeout });
    return (await cell.locator('.jp-OutputArea-output').allTextContents()).join('\n');
  }
}

/** Ends all kernels of the server, as the user's Shut Down All does. */
export async function shutDownAll(lab: Lab): Promise<void> {
  for (const { id } of await lab.api<{ id: string }[]>('/api/sessions')) {
    await lab.api(`/api/sessions/${id}`, { method: 'DELETE' });
  }
}
