import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { root } from '../support/script';
import { copyNotebook } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage } from './notebook-page';

const folder = path.join(root, 'runs', 'browser', 'memory');
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => copyNotebook('03-clip-text-encoder', path.join(folder, 'notebooks')),
  (both) => void ({ lab, page } = both),
);

/** The page's JavaScript heap in MB after the garbage is collected. */
async function heap(): Promise<number> {
  return page.evaluate(async () => {
    const { gc } = globalThis as unknown as { gc: () => void };
    for (let i = 0; i < 3; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const { memory } = performance as unknown as { memory: { usedJSHeapSize: number } };
    return memory.usedJSHeapSize / 1e6;
  });
}

it('a bar and a figure that change ten times a second for a minute do not fill the page', async () => {
  const notebook = await NotebookPage.open(page, lab, '03-clip-text-encoder');
  const run = (seconds: number) =>
    notebook.runBelow(
      [
        "import * as sd from 'stable-diffusion-mnist/notebook';",
        'const log: { step: number; loss: number }[] = [];',
        `const bar = sd.progress(${seconds * 10}, { description: 'updates' });`,
        'const view = sd.trainingView(() => log, { interval: 1000 });',
        `for (let step = 1; step <= ${seconds * 10}; step++) {`,
        '  log.push({ step, loss: 1 / step });',
        '  bar.update(1, { loss: 1 / step });',
        '  view.update();',
        '  await new Promise((resolve) => setTimeout(resolve, 100));',
        '}',
        'bar.close(); await view.close(); log.length',
      ].join('\n'),
      120_000,
    );
  const seen = await notebook.record('.jp-RenderedHTMLCommon', /\d+\/600/);
  await run(3); // what is loaded once
  const before = await heap();
  await run(60);
  const after = await heap();
  const states = (await seen()).length;
  console.log(
    `page: ${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after, ${states} states`,
  );
  expect(after - before).toBeLessThan(20);
  expect(states).toBeGreaterThan(300);
});
