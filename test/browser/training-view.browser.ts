import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'training-view');
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => copyNotebook('03-clip-text-encoder', path.join(folder, 'notebooks')),
  (both) => void ({ lab, page } = both),
);

it('the view moves at least every five seconds or so of a real training, whose steps are slow', async () => {
  const notebook = await NotebookPage.open(page, lab, '03-clip-text-encoder');
  await page.evaluate(() => {
    const pictures = new Set<string>();
    Object.assign(window, { pictures });
    const look = () => {
      const shown = document.querySelectorAll<HTMLImageElement>('.jp-RenderedImage img');
      for (const { src } of shown) pictures.add(src);
    };
    look();
    new MutationObserver(look).observe(document.body, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ['src'],
    });
  });
  const seen = () =>
    page.evaluate(() => (window as unknown as { pictures: Set<string> }).pictures.size);
  const before = await seen();
  const seconds = 60;
  const steps = await notebook.runBelow(
    [
      "import * as sd from 'stable-diffusion-mnist/notebook';",
      'const parts = sd.recipeParts(sd.RECIPES.best);',
      'const objective = new sd.TextToImageObjective(parts, { captionDropout: 0.1 });',
      'const options = { batchSize: 64, learningRate: 1e-3, seed: 42 };',
      'const trainer = new sd.Trainer(objective, options);',
      'const view = sd.trainingView(() => trainer.history.steps, { memory: sd.memoryUse });',
      'const stop = new AbortController();',
      `const end = performance.now() + ${seconds * 1000};`,
      'await trainer.fit({ maxSteps: 10_000, signal: stop.signal, onStep: () => {',
      '  view.update();',
      '  if (performance.now() > end) stop.abort();',
      '} });',
      'await view.close();',
      'trainer.step',
    ].join('\n'),
    240_000,
  );
  const updates = (await seen()) - before;
  console.log(`training view: ${updates} states in ${seconds} s, ${steps} steps`);
  expect(updates).toBeGreaterThanOrEqual(10);
});
