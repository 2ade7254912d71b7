/** What readers and browsers do to the page, in Chromium: odd links and prompts, untimely clicks, no room, no worker, other looks. */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { keepPageOfFailure, startChromium } from './chromium';
import { drawn, furthest, makeSite, open, pixels, problems, serve, type Site, type SiteServer } from './web-site'; // prettier-ignore

const folder = path.join(root, 'runs', 'browser', 'web-faults');
let site: Site;
let server: SiteServer;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
const thrown: string[] = [];

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  site = makeSite(folder);
  server = await serve(site.folder, '/');
  browser = await startChromium();
  page = browser.page;
  page.on('pageerror', (error) => thrown.push(error.message));
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(() => {
  keepPageOfFailure(page);
  thrown.length = 0;
  server.change = (_, bytes) => bytes;
});

const status = () => page.textContent('#status');
const draw = async (button = '#one') => {
  await page.click(button);
  await drawn(page);
};

describe('a link', () => {
  const GOOD = '#steps=2&seed=3';
  const LINKS: [string, string, (string | RegExp)[]][] = [
    ['of no setting', '#sede=7&__proto__=x&steps=2', ["Of this page's settings (prompt, seed, steps, sampler, guidance, pictures) none is 'sede', '__proto__'."]], // prettier-ignore
    ['broken in its escapes', '#%E0%A4%A&=&&&%=1', [/none is '.*�/]],
    ['with numbers of other forms', '#seed=0x10&steps=2e1&guidance=1.234', [
      "seed: expected a whole number from 0 to 4294967295, got '0x10'.",
      "steps: expected a whole number from 1 to 100, got '2e1'.",
      "guidance: expected a number (two digits after the point at most) from 0 to 8, got '1.234'.",
    ]], // prettier-ignore
    ['with numbers of other scripts and signs', '#seed=٣&steps=+2&guidance=-0', [
      "seed: expected a whole number from 0 to 4294967295, got '٣'.",
      "guidance: expected a number (two digits after the point at most) from 0 to 8, got '-0'.",
    ]], // prettier-ignore
    ['with numbers that are too large', `#seed=4294967296&steps=101&guidance=${'9'.repeat(400)}`, [
      "seed: expected a whole number from 0 to 4294967295, got '4294967296'.",
      "steps: expected a whole number from 1 to 100, got '101'.",
      `guidance: expected a number (two digits after the point at most) from 0 to 8, got '${'9'.repeat(39)}…'.`,
    ]], // prettier-ignore
    ['with a prompt that is too long', `#prompt=${'%F0%9F%98%80'.repeat(501)}`, [
      `prompt: expected a text of at most 1000 characters, got '${'😀'.repeat(39)}…'.`,
    ]], // prettier-ignore
  ];
  it.each(LINKS)('%s is told, and left out', async (_, link, told) => {
    const said = await open(page, server.url + link);
    expect(said.length).toBe(told.length);
    said.forEach((text, i) => expect(text).toMatch(told[i]!));
    expect(await page.inputValue('#seed')).toBe('7');
    expect(thrown).toEqual([]);
  });

  it('with a guidance between two marks of the slider keeps it', async () => {
    expect(await open(page, `${server.url}#steps=2&guidance=1.23`)).toEqual([]);
    await draw();
    expect(page.url()).toContain('guidance=1.23&');
  });

  it('with the last seed draws nine, each of which can be asked for', async () => {
    await open(page, `${server.url}#steps=1&seed=4294967295`);
    await draw('#nine');
    const captions = await page.locator('figcaption').allTextContents();
    expect(captions.slice(0, 3)).toEqual(['Seed 4294967295', 'Seed 0', 'Seed 1']);
    const [last, first] = await pixels(page);
    await page.fill('#seed', '0');
    await draw();
    const [alone] = await pixels(page);
    expect(furthest(alone!, first!)).toBe(0);
    expect(furthest(alone!, last!)).toBeGreaterThan(10);
  });

  it('that changes while a picture is drawn is for the next one', async () => {
    await open(page, `${server.url}#steps=40&seed=5`);
    await page.click('#one');
    await page.evaluate(() => (location.hash = '#steps=2&seed=6&prompt=other'));
    await drawn(page);
    expect(await page.getAttribute('#pictures canvas', 'aria-label')).toMatch(/seed 5: done$/);
    expect(await page.inputValue('#seed')).toBe('6');
  });

  it('draws in two pages at once the same', async () => {
    await open(page, server.url + GOOD);
    const other = await browser.context.newPage();
    await open(other, server.url + GOOD);
    await Promise.all([page, other].map((one) => one.evaluate(() => document.querySelector<HTMLButtonElement>('#nine')!.click()))); // prettier-ignore
    await Promise.all([drawn(page), drawn(other)]);
    const [here, there] = [await pixels(page), await pixels(other)];
    here.forEach((picture, i) => expect(furthest(picture, there[i]!)).toBe(0));
    await other.close();
  });
});

describe('a prompt', () => {
  const PROMPTS: [string, string][] = [
    ['from right to left', 'רקמת ספרה 4 بخط اليد'],
    ['of emoji', '👩🏽‍🚀4️⃣🏳️‍🌈'],
    ['with half a character', 'a \ud83d b'],
    ['with controls, marks of direction and no break', 'a\u0000\u0007\u202e\u200b\u2066b\u2028'],
    ['of a thousand characters', 'handwritten '.repeat(100).slice(0, 1000)],
    ['of nothing', ''],
  ];
  it.each(PROMPTS)('%s is drawn, and widens nothing', async (_, prompt) => {
    await page.setViewportSize({ width: 320, height: 640 });
    await open(page, `${server.url}#steps=1`);
    await page.evaluate((text) => {
      document.querySelector<HTMLInputElement>('#prompt')!.value = text;
    }, prompt);
    await draw();
    expect(await status()).toMatch(/^Done, in /);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320); // prettier-ignore
    expect(thrown).toEqual([]);
    await page.setViewportSize({ width: 1100, height: 900 });
  });

  it('that is changed while one is drawn is for the next one', async () => {
    await open(page, `${server.url}#steps=40&prompt=A+handwritten+digit+1`);
    await page.click('#one');
    await page.fill('#prompt', 'A handwritten digit 2');
    await page.keyboard.press('Enter');
    await drawn(page);
    const told = await page.locator('#pictures canvas').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label'))); // prettier-ignore
    expect(told).toEqual(['A handwritten digit 1, seed 7: done']);
    expect(thrown).toEqual([]);
  });
});

describe('Stop', () => {
  it('at once, twice, and of pictures whose worker is only starting', async () => {
    await open(page, `${server.url}#steps=100`);
    for (const button of ['#one', '#nine', '#all']) {
      await page.evaluate((id) => {
        document.querySelector<HTMLButtonElement>(id)!.click();
        for (let i = 0; i < 2; i++) document.querySelector<HTMLButtonElement>('#stop')!.click();
      }, button);
      await drawn(page);
      expect(await status()).toMatch(/^Stopped after [\d.]+ s: 0 whole\.$/);
    }
    expect(thrown).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4, 5])('at step %d of five', async (moment) => {
    await open(page, `${server.url}#steps=5`);
    await page.click('#one');
    await page.waitForFunction(
      (step) => {
        const told = document.querySelector('#pictures canvas')!.getAttribute('aria-label')!;
        return step === 0 || told.includes(`step ${step} of`) || told.endsWith('done');
      },
      moment,
      { polling: 2 },
    );
    await page.evaluate(() => document.querySelector<HTMLButtonElement>('#stop')!.click());
    await drawn(page);
    expect(await status()).toMatch(/^(Stopped after [\d.]+ s: 0 whole|Done, in [\d.]+ s)\.$/);
    await draw();
    expect(await status()).toMatch(/^Done, in /);
    expect(thrown).toEqual([]);
  });

  it('of a scribble, then another picture', async () => {
    await open(page, `${server.url}#steps=60`);
    await page.click('summary');
    await page.click('#pad'); // a tap is a dot
    await page.click('#finish');
    await page.click('#stop');
    await drawn(page);
    expect(await problems(page)).toEqual([]);
    await page.fill('#steps', '2');
    await draw();
    expect(await status()).toMatch(/^Done, in /);
  });
});

describe('a browser', () => {
  it('without room for anything draws, since the page keeps nothing', async () => {
    const cdp = await browser.context.newCDPSession(page);
    const { origin } = new URL(server.url);
    const isFull = () =>
      page.evaluate(async () => {
        const cache = await caches.open('x');
        return cache.put('/x', new Response('x'.repeat(5e6))).then(() => false, ({ name }: Error) => name); // prettier-ignore
      });
    await open(page, `${server.url}#steps=2`);
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    expect(await isFull()).toBe('QuotaExceededError');
    await page.reload();
    await page.waitForFunction(() => document.body.dataset['ready']);
    expect(await problems(page)).toEqual([]);
    await draw('#nine');
    expect(await status()).toMatch(/^9 of 9 pictures, in /);
    expect(await isFull()).toBe('QuotaExceededError');
    await cdp.send('Storage.overrideQuotaForOrigin', { origin });
    await page.evaluate(() => caches.delete('x'));
    const kept = await page.evaluate(async () => [localStorage.length, sessionStorage.length, document.cookie, (await caches.keys()).length, (await indexedDB.databases()).length]); // prettier-ignore
    expect(kept).toEqual([0, 0, '', 0, 0]);
    expect(thrown).toEqual([]);
  });

  it('in the background goes on drawing', async () => {
    await open(page, `${server.url}#steps=30`);
    await page.click('#one');
    const other = await browser.context.newPage();
    await other.bringToFront();
    await drawn(page);
    await other.close();
    expect(await status()).toMatch(/^Done, in /);
  });

  it('that starts no worker says so', async () => {
    const bad = await browser.context.newPage();
    await bad.addInitScript(() => {
      Object.assign(globalThis, { Worker: class { constructor() { throw new Error('too many'); } } }); // prettier-ignore
    });
    expect(await open(bad, server.url)).toEqual([
      'The browser starts no worker (too many). Close other pages, and load this one again.',
    ]);
    await bad.close();
  });

  it('that starts no second worker draws with one', async () => {
    const bad = await browser.context.newPage();
    await bad.addInitScript(() => {
      const Plain = Worker;
      let started = 0;
      Object.assign(globalThis, {
        Worker: class extends Plain {
          constructor(url: string) {
            if (started++ > 0) throw new Error('too many');
            super(url);
          }
        },
      });
      Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 2 });
    });
    await open(bad, `${server.url}#steps=1`);
    await bad.click('#nine');
    await drawn(bad);
    expect(await bad.textContent('#status')).toMatch(/^9 of 9 pictures, in /);
    await bad.close();
  });

  it('whose clock stands still tells some time', async () => {
    const still = await browser.context.newPage();
    await still.addInitScript(() => {
      performance.now = () => 0;
    });
    server.change = (name, bytes) =>
      name === 'worker.js' ? Buffer.concat([Buffer.from('performance.now=()=>0;'), bytes]) : bytes;
    await open(still, `${server.url}#steps=2`);
    for (let i = 0; i < 3; i++) {
      const said = await still.evaluate(() => {
        document.querySelector<HTMLButtonElement>('#one')!.click();
        return document.querySelector('#status')!.textContent;
      });
      expect(said).toBe('Drawing: A picture in about 1 s …');
      await drawn(still);
    }
    expect(await still.textContent('#status')).toBe('Done, in 0.0 s.');
    await still.close();
  });

  it('that cannot decompress says so', async () => {
    const old = await browser.context.newPage();
    await old.addInitScript(() => Reflect.deleteProperty(globalThis, 'DecompressionStream'));
    expect(await open(old, `file://${site.file}`)).toEqual([
      expect.stringMatching(/^Expected a browser that can decompress \(DecompressionStream\)/),
    ]);
    await old.close();
  });

  it('whose connection breaks says which file is missing', async () => {
    for (const name of ['engine.wasm', 'model/unet/diffusion_pytorch_model.safetensors']) {
      await page.route(`**/${name}`, (route) => route.abort('connectionreset'));
      expect(await open(page, server.url)).toEqual([
        `${name} could not be fetched. Check the connection, and try again.`,
      ]);
      expect(await status()).toBe('Nothing can be drawn.');
      await page.unroute(`**/${name}`);
    }
    expect(thrown).toEqual([]);
  });

  it.each([
    ['no JSON', 'model/manifest.json', '<html>', /^manifest\.json: expected sizes and hashes of files, got something else\.$/], // prettier-ignore
    ['of other types', 'model/manifest.json', '{"files":{"unet/config.json":{"size":"1"}}}', /^manifest\.json: expected sizes/], // prettier-ignore
    ['null', 'model/manifest.json', 'null', /^manifest\.json: expected sizes/],
  ])('that is served a manifest of %s says so', async (_, file, text, says) => {
    server.change = (name, bytes) => (name === file ? Buffer.from(text) : bytes);
    expect(await open(page, server.url)).toEqual([expect.stringMatching(says)]);
    expect(thrown).toEqual([]);
  });
});

describe('another look', () => {
  const sideways = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth); // prettier-ignore

  it.each([
    ['320 pixels', 320, 640],
    ['200 % of 1100 pixels', 550, 450],
    ['400 % of 1280 pixels', 320, 256],
  ])('of %s needs no scrolling sideways', async (_, width, height) => {
    await page.setViewportSize({ width, height });
    await open(page, `${server.url}#steps=1&seed=x`);
    await page.click('summary');
    await draw('#nine').catch(() => undefined);
    expect(await sideways()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1100, height: 900 });
  });

  it('of forced colours shows buttons, pictures and the pad with their edges', async () => {
    await page.emulateMedia({ forcedColors: 'active' });
    await open(page, `${server.url}#steps=1`);
    await page.click('summary');
    await draw();
    const edges = await page.evaluate(() =>
      ['#one', '#nine', '#prompt', '#pictures canvas', '#pad'].map((name) => {
        const { borderTopStyle, borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(document.querySelector(name)!); // prettier-ignore
        return borderTopStyle === 'solid' && borderTopWidth === '1px' && borderTopColor !== backgroundColor; // prettier-ignore
      }),
    );
    expect(edges).toEqual([true, true, true, true, true]);
    await page.emulateMedia({ forcedColors: null });
  });

  it('without motion is the only one: nothing is animated', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open(page, `${server.url}#steps=20`);
    await page.click('#one');
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await drawn(page);
    await page.emulateMedia({ reducedMotion: null });
  });

  it('without JavaScript says that it needs it', async () => {
    const cdp = await browser.context.newCDPSession(page);
    await cdp.send('Emulation.setScriptExecutionDisabled', { value: true });
    await page.goto(server.url);
    expect(await page.locator('noscript').innerText()).toBe('This page computes: it needs JavaScript.'); // prettier-ignore
    await cdp.send('Emulation.setScriptExecutionDisabled', { value: false });
  });
});
