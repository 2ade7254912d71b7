import path from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook, withSmoke } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'playground');
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => copyNotebook('08-playground', path.join(folder, 'notebooks'), withSmoke),
  (both) => void ({ lab, page } = both),
);

describe('the playground', () => {
  let notebook: NotebookPage;
  /** The picture below the form. */
  const picture = () =>
    page
      .locator('.jp-OutputArea:has([data-sdm-live])')
      .locator('img')
      .first()
      .evaluate((image: HTMLImageElement) => image.src);
  const slider = (name: string) => page.locator(`input[data-name="${name}"]:enabled`).last();

  beforeAll(async () => {
    notebook = await NotebookPage.open(page, lab, '08-playground');
    await notebook.runAll();
  });

  it('has drawn what the form says', async () => {
    expect(await notebook.redOutputs()).toEqual([]);
    expect(await picture()).toMatch(/^data:image\/png/);
  });

  it('draws anew when a slider is moved, with what it says then', async () => {
    const before = await picture();
    for (let i = 0; i < 4; i++) await slider('guidanceScale').press('ArrowRight');
    await expect.poll(picture, { timeout: 60_000 }).not.toBe(before);
    expect(await notebook.runBelow('settings.values.guidanceScale')).toBe('3.5');
    expect(await notebook.redOutputs()).toEqual([]);
  });

  it('ends a drawing on Stop, and draws again after the next change', async () => {
    const before = await picture();
    const steps = slider('numInferenceSteps');
    await steps.press('End'); // 100 steps
    await page.locator('small', { hasText: 'drawing …' }).waitFor();
    await notebook.stop();
    await page.locator('small', { hasText: 'Stopped. Change a setting' }).waitFor();
    expect(await picture()).toBe(before);
    await page.waitForTimeout(1000); // what is sent at once after Stop may be refused with it
    await steps.press('Home');
    await expect.poll(picture, { timeout: 60_000 }).not.toBe(before);
    expect(await notebook.redOutputs()).toEqual([]);
  });
});
