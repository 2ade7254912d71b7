/** `sd.inBrowser` in a cell: the page draws there, alone; readers who do not trust the notebook see a picture and words. */
import fs from 'node:fs';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import '../../lib/pretrained';
import '../../lib/backend/node';
import { filesBelow } from '../../lib/io/runs/manifest';
import { withPageModel } from '../../lib/page/page-model';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { makeSampler } from '../../lib/schedulers/samplers';
import { loadPipeline } from '../../lib/web/load-pipeline';
import { root } from '../support/script';
import { copyNotebook, withSmoke } from './copies';
import type { Lab } from './jupyterlab';
import { useLabAndBrowser } from './lab-and-browser';
import { NotebookPage, shutDownAll } from './notebook-page';
import { drawn, MODEL, pixels, problems } from './web-site';

const folder = path.join(root, 'runs', 'browser', 'share');
const NAME = '41-share-it';
const FRAME = '.jp-OutputArea-output iframe';
let lab: Lab;
let page: Page;

useLabAndBrowser(
  folder,
  () => copyNotebook(NAME, path.join(folder, 'notebooks'), withSmoke),
  (both) => void ({ lab, page } = both),
);

/** What Node draws with the page's weights, as the page paints it: 0 to 255. */
async function byNode(prompt: string, seed: number, numInferenceSteps: number): Promise<number[]> {
  const whole = TextToImagePipeline.fromPretrained(MODEL);
  const files = withPageModel(whole, 'int8', (model) =>
    Object.fromEntries(
      filesBelow(model).map((name) => [name, fs.readFileSync(path.join(model, name))]),
    ),
  );
  whole.dispose();
  const pipeline = await loadPipeline(files);
  pipeline.scheduler = makeSampler('ddim', pipeline.scheduler.config);
  const { images } = await pipeline.generate(prompt, { seed, numInferenceSteps });
  pipeline.dispose();
  return Array.from(images.data, (x) => Math.round(x * 255));
}

async function readyFrame(): Promise<Frame> {
  const element = await page.locator(FRAME).first().elementHandle();
  const frame = (await element!.contentFrame())!;
  await frame.waitForFunction(() => document.body.dataset['ready'] !== undefined);
  return frame;
}

async function draw(frame: Frame, prompt: string, seed: number): Promise<number[]> {
  await frame.fill('#prompt', prompt);
  await frame.fill('#seed', String(seed));
  await frame.fill('#steps', '4');
  await frame.selectOption('#sampler', 'ddim');
  await frame.click('#one');
  await drawn(frame);
  expect(await problems(frame)).toEqual([]);
  return (await pixels(frame))[0]!;
}

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

describe('a page in a cell', () => {
  let notebook: NotebookPage;
  let frame: Frame;

  beforeAll(async () => {
    notebook = await NotebookPage.open(page, lab, NAME);
    expect(await page.locator(FRAME).count()).toBe(0); // what is committed holds none
    await notebook.runAll();
    expect(await notebook.redOutputs()).toEqual([]);
    frame = await readyFrame();
  });

  it('draws what Node draws', async () => {
    const digit = await draw(frame, 'A handwritten digit 3', 11);
    expect(digit.filter((x) => x > 128).length).toBeGreaterThan(15);
    expect(furthest(digit, await byNode('A handwritten digit 3', 11, 4))).toBeLessThanOrEqual(1);
  });

  it('draws on when the kernel is gone', async () => {
    await shutDownAll(lab);
    const digit = await draw(frame, 'A handwritten digit 8', 5);
    expect(furthest(digit, await byNode('A handwritten digit 8', 5, 4))).toBeLessThanOrEqual(1);
  });

  it('saves a PNG, and offers no link, which would lead nowhere', async () => {
    expect(await frame.isHidden('#link')).toBe(true);
    const [download] = await Promise.all([page.waitForEvent('download'), frame.click('#save')]);
    const file = path.join(folder, 'saved.png');
    await download.saveAs(file);
    expect(fs.readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
  });

  it('reaches neither the notebook nor its server', async () => {
    const reached = await frame.evaluate(async (address) => {
      const tried = [
        () => parent.document.title,
        () => document.cookie,
        () => localStorage.length,
        () => fetch(address, { mode: 'no-cors' }),
      ];
      const said: unknown[] = [];
      for (const one of tried) {
        try {
          said.push(await one());
        } catch (error) {
          said.push((error as Error).name);
        }
      }
      return said;
    }, lab.url('/api/status'));
    expect(reached).toEqual(['SecurityError', 'SecurityError', 'SecurityError', 'TypeError']);
  });

  it('is a picture and a sentence where the notebook is not trusted', async () => {
    await notebook.save();
    const saved = path.join(lab.notebooks, `${NAME}.ipynb`);
    const text = fs.readFileSync(saved, 'utf8');
    expect(text).toContain('<iframe');
    // Another text than the one that was signed when it was saved.
    fs.writeFileSync(path.join(lab.notebooks, 'foreign.ipynb'), text.replace('41. Share it', 'From somebody')); // prettier-ignore
    const foreign = await NotebookPage.open(page, lab, 'foreign');
    const output = foreign.cells().filter({ hasText: 'await sd.inBrowser(' });
    await output.locator('small', { hasText: /is 8\.\d MB with int8 weights\. It follows here where/ }).waitFor(); // prettier-ignore
    const picture = output.locator('.jp-RenderedImage img');
    await picture.and(page.getByAltText('What the model draws, for 10 captions')).waitFor();
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(500); // prettier-ignore
    expect(await page.locator(FRAME).count()).toBe(0);
  });
});
