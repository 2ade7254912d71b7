/** The page of the model that draws emoji: in colour, with captions of its own. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../support/script';
import { startChromium } from './chromium';
import { drawn, drawnByNode, furthest, keepNumbers, makeSite, open, problems, type Site } from './web-site'; // prettier-ignore

const folder = path.join(root, 'runs', 'browser', 'web-emoji');
const MODEL = path.join(root, 'checkpoints', 'emoji-text-to-image');
let site: Site;
let browser: Awaited<ReturnType<typeof startChromium>>;

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  site = makeSite(folder, MODEL);
  browser = await startChromium();
});
afterAll(() => browser?.close());

it('draws from the disk, in colour, what Node draws; and offers the captions of its model', async () => {
  const { page } = browser;
  expect(fs.statSync(site.file).size).toBeLessThan(10e6);
  const numbers = await keepNumbers(page);
  const wish = {
    prompt: 'twitter emoji of red heart',
    seed: 5,
    steps: 2,
    sampler: 'ddim',
    guidance: 1.5,
  } as const;
  const { prompt, seed, steps, sampler, guidance } = wish;
  const link = `#prompt=${prompt}&seed=${seed}&steps=${steps}&sampler=${sampler}&guidance=${guidance}`;
  await open(page, `file://${site.file}${link}`);
  const offered = await page
    .locator('#captions option')
    .evaluateAll((options) => (options as HTMLOptionElement[]).map(({ value }) => value));
  const captions = JSON.parse(fs.readFileSync(path.join(MODEL, 'captions.json'), 'utf8')) as string[]; // prettier-ignore
  expect(offered).toEqual(captions);
  expect(offered).toContain(prompt);
  await page.click('#one');
  await drawn(page);
  expect(await problems(page)).toEqual([]);
  const [node, [here]] = [await drawnByNode(site, [wish]), await numbers()];
  expect(furthest(here!, node[0]!)).toBeLessThan(1e-5);
  // As it is painted: red, green and blue each, and not grey.
  const painted = await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('#pictures canvas')!;
    return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data];
  });
  const channels = here!.length / (painted.length / 4);
  const shown = Array.from(here!, (x) => Math.round(x * 255));
  const kept = painted.filter((_, i) => i % 4 < 3);
  expect(kept).toEqual(shown.filter((_, i) => i % channels < 3));
  const colours = Array.from({ length: kept.length / 3 }, (_, i) => kept.slice(3 * i, 3 * i + 3));
  expect(Math.max(...colours.map((rgb) => Math.max(...rgb) - Math.min(...rgb)))).toBeGreaterThan(100); // prettier-ignore
});
