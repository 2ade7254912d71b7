/** The page of the shipped model, in Chromium: from the disk, from a server, small, dark, by keyboard, and ill-treated. */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { keepPageOfFailure, startChromium } from './chromium';
import { contrasts } from './contrast';
import { drawn, drawnByNode, furthest, makeSite, open, pixels, problems, serve, stepShown, type Site, type SiteServer } from './web-site'; // prettier-ignore

const folder = path.join(root, 'runs', 'browser', 'web');
const WEIGHTS = 'model/unet/diffusion_pytorch_model.safetensors';
let site: Site;
let server: SiteServer;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
/** What the page asked others than its own server for, and what went wrong in it. */
const strange: string[] = [];

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  site = makeSite(folder);
  server = await serve(site.folder, '/some/where/');
  browser = await startChromium();
  page = browser.page;
  page.on('request', (request) => {
    const url = request.url();
    if (!/^(file|blob|data|about):/.test(url) && !url.startsWith(server.url)) strange.push(url);
  });
  page.on('pageerror', (error) => strange.push(error.message));
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(() => {
  keepPageOfFailure(page);
  strange.length = 0;
  server.change = (_, bytes) => bytes;
});

const single = () => `file://${site.file}`;
const SETTINGS = '#prompt=A+handwritten+digit+3&seed=11&steps=4&sampler=ddim&guidance=1.5';

/** What Node draws with the page's own weights, as the page paints it. */
async function byNode(prompts: readonly string[], seed: number, sampler: 'ddim') {
  const wishes = prompts.map((prompt) => ({ prompt, seed, sampler, steps: 4, guidance: 1.5 }));
  const drawings = await drawnByNode(site, wishes);
  return drawings.map((picture) => Array.from(picture, (x) => Math.round(x * 255)));
}

/** Where the keyboard is. */
const focused = (on: Page) =>
  on.evaluate(() => document.activeElement?.id || document.activeElement?.tagName || '');

describe('the single file, opened from the disk', () => {
  it('is smaller than 9 MB', () => {
    expect(fs.statSync(site.file).size).toBeLessThan(9e6);
  });

  it('draws by its link what Node draws, and asks nobody', async () => {
    expect(await open(page, single() + SETTINGS)).toEqual([]);
    await page.click('#one');
    await drawn(page);
    const [node] = await byNode(['A handwritten digit 3'], 11, 'ddim');
    const [here] = await pixels(page);
    expect(furthest(here!, node!)).toBeLessThanOrEqual(1);
    expect(await page.getAttribute('#pictures canvas', 'aria-label')).toBe(
      'A handwritten digit 3, seed 11: done',
    );
    expect(page.url()).toContain('prompt=A+handwritten+digit+3&seed=11&steps=4&sampler=ddim');
    expect(strange).toEqual([]);
  });

  it('draws ten digits side by side, each as it is drawn alone', async () => {
    await open(page, single() + SETTINGS);
    await page.click('#all');
    expect(await page.textContent('#status')).toMatch(
      /^Drawing: 10 pictures in about \d+ (s|min) …$/,
    );
    await drawn(page);
    const prompts = Array.from({ length: 10 }, (_, i) => `A handwritten digit ${i}`);
    const [node, here] = [await byNode(prompts, 11, 'ddim'), await pixels(page)];
    expect(here.length).toBe(10);
    here.forEach((picture, i) => expect(furthest(picture, node[i]!)).toBeLessThanOrEqual(1));
    expect(await page.textContent('#status')).toMatch(/^10 of 10 pictures, in [\d.]+ s\.$/);
  });

  it('stops between two steps, and draws again', async () => {
    await open(page, `${single()}#steps=100`);
    await page.click('#nine');
    await stepShown(page, 2);
    await page.click('#stop');
    await drawn(page);
    expect(await page.textContent('#status')).toMatch(/^Stopped after [\d.]+ s: 0 whole\.$/);
    expect(await page.isHidden('#after')).toBe(true);
    await page.fill('#steps', '2');
    await page.click('#one');
    await drawn(page);
    expect(await page.textContent('#status')).toMatch(/^Done, in /);
  });

  it('saves a PNG of eight times the size', async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    const file = path.join(folder, 'saved.png');
    await download.saveAs(file);
    const bytes = fs.readFileSync(file);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([224, 224]);
  });

  it('finishes a scribble', async () => {
    await open(page, `${single()}#steps=5`);
    await page.click('summary');
    await page.click('#finish');
    expect(await problems(page)).toEqual(['The pad is empty: draw on it first.']);
    const pad = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(pad.x + pad.width / 2, pad.y + 20);
    await page.mouse.down();
    await page.mouse.move(pad.x + pad.width / 2, pad.y + pad.height - 20, { steps: 8 });
    await page.mouse.up();
    await page.click('#finish');
    await drawn(page);
    expect(await problems(page)).toEqual([]);
    const [first, second] = await pixels(page);
    const ink = (picture: number[]) => picture.filter((x) => x > 128).length;
    expect(ink(first!)).toBeGreaterThan(15);
    expect(furthest(first!, second!)).toBeGreaterThan(50);
  });
});

describe('the folder', () => {
  it('draws from a server, below a path, and asks nobody else', async () => {
    server.asked.length = 0;
    expect(await open(page, server.url + SETTINGS)).toEqual([]);
    await page.click('#one');
    await drawn(page);
    const [node] = await byNode(['A handwritten digit 3'], 11, 'ddim');
    expect(furthest((await pixels(page))[0]!, node!)).toBeLessThanOrEqual(1);
    expect(server.asked.filter((name) => !name.startsWith('/some/where/'))).toEqual([]);
    expect(strange).toEqual([]);
  });

  it('says on file:// that it wants a server', async () => {
    expect(await open(page, `file://${site.folder}/index.html`)).toEqual([
      expect.stringMatching(
        /^This page reads files beside it, which browsers allow from a web server only\./,
      ),
    ]);
  });
});

describe('for every reader', () => {
  it('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open(page, single() + SETTINGS);
    await page.click('#all');
    await drawn(page);
    const [wide, seen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(wide).toBeLessThanOrEqual(seen!);
    await page.setViewportSize({ width: 1100, height: 900 });
  });

  it.each(['light', 'dark'] as const)('can be read in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await open(page, `${single()}#steps=x`);
    await page.click('summary');
    const found = await contrasts(page, 'main');
    expect(found.length).toBeGreaterThan(10);
    // What is switched off has no such rule in WCAG.
    const enabled = found.filter(({ text }) => text !== 'Stop');
    expect(enabled.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe(colorScheme === 'dark' ? 'rgb(23, 23, 26)' : 'rgb(255, 255, 255)');
    await page.emulateMedia({ colorScheme: null });
  });

  it('works by the keyboard alone', async () => {
    await open(page, `${single()}#steps=3`);
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('prompt');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('A handwritten digit 8');
    await page.keyboard.press('Enter');
    await page
      .locator('#pictures [aria-label^="A handwritten digit 8"][aria-label$="done"]')
      .waitFor();
    await drawn(page);
    const order: string[] = [];
    await page.focus('#prompt');
    for (let i = 0; i < 13; i++) {
      await page.keyboard.press('Tab');
      order.push(await focused(page));
    }
    expect(order).toEqual(
      ['seed', 'steps', 'sampler', 'guidance', 'view', 'engine', 'one', 'nine', 'all', 'SUMMARY', 'save', 'link', order[12]], // prettier-ignore
    );
    await page.focus('#steps');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('100'); // so that there is time to stop it
    await page.focus('#nine');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('stop');
    await page.keyboard.press('Enter');
    await drawn(page);
    expect(await focused(page)).toBe('one');
    expect(await page.textContent('#status')).toMatch(/^Stopped after /);
  });

  it('names every field', async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>('input, select, button, canvas, progress')]
        .filter((field) => {
          const name = field.getAttribute('aria-label') ?? field.labels?.[0]?.textContent;
          return !(name ?? field.textContent)?.trim();
        })
        .map(({ id }) => id),
    );
    expect(nameless).toEqual([]);
  });
});

describe('ill-treated, it says a sentence:', () => {
  const flipped = (bytes: Buffer) => {
    const copy = Buffer.from(bytes);
    copy[copy.length - 1]! ^= 1;
    return copy;
  };
  const CASES: [string, SiteServer['change'], RegExp][] = [
    [
      'weights cut off',
      (name, bytes) => (name === WEIGHTS ? bytes.subarray(0, 1e6) : bytes),
      /^unet\/diffusion_pytorch_model\.safetensors: expected \d+ bytes, got 1000000\. The file is cut off/,
    ],
    [
      'weights with another hash',
      (name, bytes) => (name === WEIGHTS ? flipped(bytes) : bytes),
      /^unet\/diffusion_pytorch_model\.safetensors: its SHA-256 is not the manifest's\./,
    ],
    [
      'weights missing',
      (name, bytes) => (name === WEIGHTS ? null : bytes),
      /diffusion_pytorch_model\.safetensors: expected a file, the server answered 404\./,
    ],
    [
      'no engine',
      (name, bytes) => (name === 'engine.wasm' ? null : bytes),
      /^engine\.wasm: expected a file, the server answered 404\.$/,
    ],
    [
      'a worker that breaks',
      (name, bytes) => (name === 'worker.js' ? Buffer.from('throw new Error("broken")') : bytes),
      /^The engine has stopped \(Uncaught Error: broken\)\. Load the page again\.$/,
    ],
    [
      'no worker',
      (name, bytes) => (name === 'worker.js' ? null : bytes),
      /^The engine has stopped\. Load the page again\.$/,
    ],
    [
      'an engine that is none',
      (name, bytes) => (name === 'engine.wasm' ? Buffer.from('<html>') : bytes),
      /^The engine \(tfjs-backend-wasm-simd\.wasm\) could not be started: it is missing or damaged/,
    ],
    [
      'no WebAssembly with SIMD',
      (name, bytes) =>
        name === 'worker.js' ? Buffer.concat([Buffer.from('WebAssembly.validate=()=>false;'), bytes]) : bytes, // prettier-ignore
      /^Expected WebAssembly with SIMD, which this browser does not have/,
    ],
  ];

  it.each(CASES)('%s', async (_, change, says) => {
    server.change = change;
    expect(await open(page, server.url)).toEqual([expect.stringMatching(says)]);
    expect(await page.textContent('#status')).toBe('Nothing can be drawn.');
    expect(await page.isDisabled('#one')).toBe(true);
    expect(strange).toEqual([]);
  });

  it('a single file that is cut off', async () => {
    const file = path.join(folder, 'cut.html');
    fs.writeFileSync(file, fs.readFileSync(site.file).subarray(0, 4e6));
    expect(await open(page, `file://${file}`)).toEqual([
      expect.stringMatching(/^This page is cut off or damaged: get the file again\./),
    ]);
  });

  it('a link of nonsense, which is drawn without', async () => {
    const link = '#seed=-1&steps=1e9&sampler=constructor&guidance=NaN&pictures=<b>&prompt=x';
    const told = await open(page, single() + link);
    expect(told.map((text) => text.split(':')[0])).toEqual([
      'seed',
      'steps',
      'sampler',
      'guidance',
      'pictures',
    ]);
    expect(await page.inputValue('#steps')).toBe('20');
    await page.fill('#steps', '0');
    await page.click('#one');
    expect(await problems(page)).toEqual([
      "steps: expected a whole number from 1 to 100, got '0'.",
    ]);
    expect(await page.getAttribute('#steps', 'aria-invalid')).toBe('true');
  });

  it('a prompt of markup, which is text', async () => {
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await open(page, `${single()}#steps=2&prompt=${encodeURIComponent(markup)}`);
    await page.click('#one');
    await drawn(page);
    expect(await page.locator('#pictures img, #pictures script, #problems img').count()).toBe(0);
    expect(await page.title()).toBe('Pictures out of noise');
    const [said] = await problems(page);
    expect(said).toContain('is not any of the 10 captions that the model was trained with');
    expect(strange).toEqual([]);
  });

  it('offline, once it is loaded, it draws on', async () => {
    await open(page, `${server.url}#steps=2`);
    await browser.context.setOffline(true);
    await page.click('#one');
    await drawn(page);
    await browser.context.setOffline(false);
    expect(await page.textContent('#status')).toMatch(/^Done, in /);
  });
});
