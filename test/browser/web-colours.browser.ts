/** What the page offers comes from its model: here one of small pictures in colour, with more captions than are drawn at once. */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import '../../lib/backend/node';
import '../../lib/pretrained';
import { noteCaptions } from '../../lib/conditioning/learnt-captions';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { saveCheckpoint } from '../../lib/pretrained/checkpoint';
import { Generator } from '../../lib/random';
import { makeSampler } from '../../lib/schedulers/samplers';
import { root } from '../support/script';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';
import { tinyParts } from '../support/tiny-model';
import { keepPageOfFailure, startChromium } from './chromium';
import { drawn, makeSite, open, type Site } from './web-site';

const folder = path.join(root, 'runs', 'browser', 'web-colours');
const CAPTIONS = Array.from({ length: 20 }, (_, i) => `${i} apples`);
let site: Site;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
/** What Node draws, as bytes. */
let byNode: number[];

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  const { tokenizer, scheduler } = tinyParts();
  const stream = new Generator(3).stream('init');
  const size = { sample_size: [12, 20] as const, in_channels: 3, out_channels: 3 };
  const unet = new UNet2DConditionModel({ ...TINY_UNET, ...size }, stream);
  const textEncoder = new CLIPTextModel(TINY_TEXT, stream);
  noteCaptions(unet, CAPTIONS);
  const parts = { unet, textEncoder, tokenizer, scheduler };
  saveCheckpoint(path.join(folder, 'model'), parts);
  const pipeline = new TextToImagePipeline({ ...parts, scheduler: makeSampler('euler', scheduler.config) }); // prettier-ignore
  const { images } = await pipeline.generate('3 apples', { seed: 5, numInferenceSteps: 6, guidanceScale: 2 }); // prettier-ignore
  byNode = Array.from(images.data, (x) => Math.round(x * 255));
  pipeline.dispose();
  site = makeSite(folder, path.join(folder, 'model'), '--weights', 'float32');
  browser = await startChromium();
  page = browser.page;
});
afterAll(() => browser?.close());
beforeEach(() => keepPageOfFailure(page));

it('draws in colour and in the size of its model', async () => {
  const link = '#prompt=3+apples&seed=5&steps=6&sampler=euler&guidance=2';
  expect(await open(page, `file://${site.file}${link}`)).toEqual([]);
  await page.click('#one');
  await drawn(page);
  const [width, height, here] = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#pictures canvas')!;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return [canvas.width, canvas.height, [...data].filter((_, i) => i % 4 !== 3)] as const;
  });
  expect([width, height]).toEqual([20, 12]);
  expect(Math.max(...here.map((x, i) => Math.abs(x - byNode[i]!)))).toBeLessThanOrEqual(1);
});

it('suggests its captions, and draws no more than twelve at once', async () => {
  const suggested = await page
    .locator('#captions option')
    .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
  expect(suggested).toEqual(CAPTIONS);
  expect(await page.isHidden('#all')).toBe(true);
  await page.click('summary');
  expect(await page.isVisible('#ink')).toBe(true);
});
