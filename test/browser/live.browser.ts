import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { contrasts } from './contrast';
import { copyNotebook, withSmoke } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'live');
let lab: Lab;
let page: Page;

function prepare() {
  const notebooks = path.join(folder, 'notebooks');
  const endless = (source: string) => {
    const smoke = withSmoke(source);
    return smoke
      .replace(/smoke: (\{.*)maxSteps: \d+/, 'smoke: $1maxSteps: 4000')
      .replace('smoke: 2 }[preset]', 'smoke: 4000 }[preset]');
  };
  copyNotebook('04-train', notebooks, endless);
  copyNotebook('05-sample', notebooks);
}
useLabAndBrowser(folder, prepare, (both) => void ({ lab, page } = both));

describe('a notebook opened again while its cell runs', () => {
  let notebook: NotebookPage;
  const bar = () => page.locator('.jp-RenderedHTMLCommon', { hasText: /\d+\/4000/ }).first();
  const step = async () => Number(/(\d+)\/4000/.exec((await bar().textContent()) ?? '')?.[1]);

  it('shows that the kernel works, and its bar goes on', async () => {
    notebook = await NotebookPage.open(page, lab, '04-train');
    await notebook.startAll();
    await page
      .locator('.jp-RenderedHTMLCommon', { hasText: / ([3-9]|\d\d+)\/4000/ })
      .waitFor({ state: 'attached', timeout: 120_000 });
    await notebook.save();
    page.once('dialog', (dialog) => void dialog.accept());
    await page.goto('about:blank');
    await page.goto(lab.url('/lab/workspaces/again/tree/04-train.ipynb?reset'));
    await bar().waitFor({ state: 'attached', timeout: 60_000 });
    const first = await step();
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(first);
    await page
      .locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]')
      .first()
      .waitFor({ timeout: 10_000 });
    await notebook.busyCells().first().waitFor({ timeout: 10_000 });
  });

  it('ends by Stop, with what it shows in the end', async () => {
    await notebook.stop();
    await notebook.idle();
    await expect.poll(() => bar().textContent(), { timeout: 60_000 }).toContain('stopped');
    await page.waitForFunction(() => document.querySelectorAll('.jp-InputPrompt').length > 0);
    expect(await notebook.redOutputs()).toEqual([]);
    await shutDownAll(lab);
    await fs.promises.rm(lab.checkpoints, { recursive: true, force: true });
    prepare();
  });
});

describe('Stop, in the middle of a training', () => {
  let notebook: NotebookPage;
  let states: string[];

  it('ends the cell', async () => {
    notebook = await NotebookPage.open(page, lab, '04-train');
    const seen = await notebook.record('.jp-RenderedHTMLCommon', /\d+\/4000/);
    await notebook.startAll();
    const bar = page.locator('.jp-RenderedHTMLCommon', { hasText: / ([6-9]|\d\d+)\/4000/ });
    await bar.waitFor({ state: 'attached', timeout: 120_000 });
    await notebook.stop();
    await notebook.ended();
    states = await seen();
  });

  it('comes after a bar that moved step by step', () => {
    const steps = states.map((state) => Number.parseInt(state, 10));
    expect(steps.length).toBeGreaterThan(5);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeLessThan(4000);
  });

  it('leaves no cell red, and the cells after it have run', async () => {
    expect(await notebook.redOutputs()).toEqual([]);
    const counts = await notebook.executionCounts();
    expect(counts).toEqual(counts.map((_, index) => index + 1));
  });

  it('leaves a checkpoint of the last step, and a kernel that knows where it stands', async () => {
    const step = Number(await notebook.runBelow('trainer.step'));
    expect(step).toBeGreaterThanOrEqual(6);
    expect(step).toBeLessThan(4000);
    const run = path.join(lab.checkpoints, 'mnist-smoke');
    const saved = fs.readdirSync(run).map((name) => Number(/\d+/.exec(name)?.[0]));
    expect(saved).toContain(step);
    // the loop has really ended
    await page.waitForTimeout(1000);
    expect(Number(await notebook.runBelow('trainer.step'))).toBe(step);
  });
});

describe("JupyterLab's dark theme", () => {
  beforeAll(async () => {
    await shutDownAll(lab);
    await lab.text('/lab/api/settings/@jupyterlab/apputils-extension:themes', {
      method: 'PUT',
      body: JSON.stringify({ raw: JSON.stringify({ theme: 'JupyterLab Dark' }) }),
    });
  });

  it.each(['04-train', '05-sample'])('leaves all outputs of %s readable', async (name) => {
    const notebook = await NotebookPage.open(page, lab, name);
    await page.locator('body[data-jp-theme-light="false"]').waitFor({ state: 'attached' });
    const texts = await contrasts(page, '.jp-OutputArea-output');
    expect(texts.length).toBeGreaterThan(20);
    // WCAG 2.2, 1.4.3: at least 4.5 : 1
    expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    expect((await notebook.pictureWidths()).length).toBeGreaterThan(0);
    // clear paper, through which the page's shows
    expect(new Set(await notebook.paperOfPictures())).toEqual(new Set(['0,0,0,0']));
  });
});

describe('a form', () => {
  let notebook: NotebookPage;
  // A notebook's own forms, if it has any, are above.
  const slider = () => page.locator('input[data-name="guidance"]:enabled').last();
  const answer = (text: string) => page.locator('small', { hasText: text }).waitFor();

  it('changes settings in the kernel by the slider that the user moves', async () => {
    notebook = await NotebookPage.open(page, lab, '05-sample');
    await notebook.runBelow(
      [
        "import * as sd from 'stable-diffusion-mnist/notebook';",
        'const settings = sd.form({ guidance: 8 }, { guidance: { min: 0, max: 20, step: 1 } });',
        'settings',
      ].join('\n'),
    );
    await slider().press('ArrowLeft');
    await answer('guidance is set');
    expect(await notebook.runBelow('settings.values.guidance')).toBe('7');
  });

  it('says that it waits while the kernel works', async () => {
    // its work ends when this file is there
    const go = path.join(lab.notebooks, 'go');
    const wait = `while (!require('node:fs').existsSync(${JSON.stringify(go)}))`;
    const work = notebook.runBelow(`${wait} await new Promise((done) => setTimeout(done, 50));`);
    work.catch(() => undefined); // awaited below
    await notebook.busyCells().first().waitFor();
    await slider().press('ArrowLeft');
    await answer('guidance: waits for the kernel');
    fs.writeFileSync(go, '');
    await work;
    await answer('guidance is set');
  });

  it('says why a value is not allowed', async () => {
    await slider().evaluate((input: HTMLInputElement) => {
      input.max = '30';
      input.value = '30';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await answer('guidance is not set: Form: guidance: expected a number from 0 to 20, got 30.');
  });

  it('says so when the kernel does not know it any more', async () => {
    for (const { id } of await lab.api<{ id: string }[]>('/api/kernels')) {
      await lab.api(`/api/kernels/${id}/restart`, { method: 'POST' });
    }
    await slider().press('ArrowLeft');
    await answer('guidance is not set: the kernel has been started anew');
    await shutDownAll(lab);
  });
});
