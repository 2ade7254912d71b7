/**
 * The engines of the page, in Chromium with its software renderer (SwiftShader): what WebGL draws, which engine is chosen, and what is
 * drawn when the browser takes it away. SDM_WEB_SEEDS=20 draws more seeds.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { SamplerName } from '../../lib/schedulers/samplers';
import { root } from '../support/script';
import { keepPageOfFailure, startChromium } from './chromium';
import { drawn, drawnByNode, furthest, keepNumbers, makeSite, open, problems, serve, stepShown, type Site, type SiteServer } from './web-site'; // prettier-ignore

const folder = path.join(root, 'runs', 'browser', 'web-engines');
const SEEDS = Number(process.env.SDM_WEB_SEEDS ?? 2);
const SAMPLERS: readonly SamplerName[] = ['ddim', 'ddpm', 'dpm-solver++'];
let site: Site;
let server: SiteServer;
let browser: Awaited<ReturnType<typeof startChromium>>;
let page: Page;
let numbers: () => Promise<number[][]>;

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  site = makeSite(folder);
  server = await serve(site.folder, '/');
  browser = await startChromium(['--enable-unsafe-swiftshader', '--ignore-gpu-blocklist']);
  page = browser.page;
  // A software renderer on a machine with other work needs its time.
  page.setDefaultTimeout(400_000);
  numbers = await keepNumbers(page);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(() => {
  keepPageOfFailure(page);
  server.change = (_, bytes) => bytes;
});

/** What the page says of its engines. */
const computes = () => page.textContent('#computes');
const saysThat = (pattern: string) =>
  page.waitForFunction(
    (text) => new RegExp(text).test(document.querySelector('#computes')!.textContent),
    pattern,
  );

it('draws by WebGL what Node draws, within 2e-3', async () => {
  await open(page, `file://${site.file}`);
  await page.selectOption('#engine', 'webgl');
  await saysThat('^WebGL: \\d+ ms a step');
  const wishes = Array.from({ length: SEEDS }, (_, i) => ({
    prompt: `A handwritten digit ${i % 10}`,
    seed: 100 + i,
    steps: SEEDS > 2 ? 6 : 3,
    sampler: SAMPLERS[i % SAMPLERS.length]!,
    guidance: i % 2 === 0 ? 1 : 1.5,
  }));
  for (const wish of wishes) {
    await page.fill('#prompt', wish.prompt);
    await page.fill('#seed', String(wish.seed));
    await page.fill('#steps', String(wish.steps));
    await page.selectOption('#sampler', wish.sampler);
    await page.fill('#guidance', String(wish.guidance));
    await page.click('#one');
    await drawn(page);
  }
  expect(await computes()).toMatch(/^WebGL: /);
  const [node, here] = [await drawnByNode(site, wishes), await numbers()];
  const off = here.map((picture, i) => furthest(picture, node[i]!));
  console.log(
    `WebGL, ${SEEDS} seeds: the furthest number is ${Math.max(...off).toExponential(1)} off Node's`,
  );
  expect(off.length).toBe(SEEDS);
  for (const distance of off) expect(distance).toBeLessThanOrEqual(2e-3);
  // Another engine's numbers, and another seed's picture.
  expect(Math.max(...off)).toBeGreaterThan(0);
  expect(furthest(here[0]!, node[1]!)).toBeGreaterThan(0.5);
}, 1_200_000);

it('draws on by WebAssembly when the browser takes WebGL away', async () => {
  const wish = { prompt: 'A handwritten digit 3', seed: 11, steps: 6, sampler: 'ddim', guidance: 1 } as const; // prettier-ignore
  await page.fill('#prompt', wish.prompt);
  await page.fill('#seed', String(wish.seed));
  await page.fill('#steps', String(wish.steps));
  await page.selectOption('#sampler', wish.sampler);
  await page.fill('#guidance', '1');
  const before = (await numbers()).length;
  await page.click('#one');
  await stepShown(page, 1);
  const lost = await Promise.all(
    page.workers().map((worker) =>
      worker.evaluate(() => {
        const { tfjsCore } = globalThis as unknown as { tfjsCore: { findBackend(name: string): { gpgpu: { gl: WebGL2RenderingContext } } | null } }; // prettier-ignore
        const webgl = tfjsCore.findBackend('webgl');
        if (!webgl) return 0;
        webgl.gpgpu.gl.getExtension('WEBGL_lose_context')!.loseContext();
        return 1;
      }),
    ),
  );
  expect(lost.reduce<number>((a, b) => a + b, 0)).toBe(1);
  await drawn(page);
  expect(await problems(page)).toEqual([
    'WebGL was taken away by the browser. WebAssembly goes on.',
  ]);
  expect(await page.textContent('#status')).toMatch(/^Done, in /);
  expect(await computes()).toMatch(/^WebAssembly: \d+ ms a step \(WebGL: WebGL was taken away/);
  const [node] = await drawnByNode(site, [wish]);
  expect(furthest((await numbers())[before]!, node!)).toBeLessThan(1e-5);
});

it('takes the engine whose step is faster here, and says both', async () => {
  await open(page, server.url);
  const asked = () => server.asked.filter((name) => /webg[lp]u?\.js/.test(name));
  await saysThat('WebGL: \\d+ ms.*WebGPU: not there');
  const [, name, ms, otherMs] = /^(\w+): (\d+) ms a step \(\w+: (\d+) ms/.exec(
    (await computes())!,
  )!;
  expect(name).toBe('WebAssembly');
  expect(Number(ms)).toBeLessThanOrEqual(Number(otherMs));
  expect(asked()).toEqual(['/webgl.js', '/webgpu.js']);
  // The same with a clock by which WebAssembly takes a thousand times as long.
  const slow = `{ const now = performance.now.bind(performance), load = importScripts; let pace = 1000;
    performance.now = () => pace * now(); self.importScripts = (url) => { pace = 1; load(url); }; }`;
  server.change = (file, bytes) =>
    file === 'worker.js' ? Buffer.concat([Buffer.from(slow), bytes]) : bytes;
  await open(page, server.url);
  await saysThat('^WebGL: \\d+ ms a step.*WebGPU');
  await page.selectOption('#engine', 'wasm');
  expect(await computes()).toMatch(/^WebAssembly: /);
}, 900_000);

it('takes none whose script is missing, or is something else', async () => {
  server.change = (file, bytes) =>
    file === 'webgl.js' ? null : file === 'webgpu.js' ? Buffer.from('nonsense(') : bytes;
  expect(await open(page, `${server.url}#steps=2`)).toEqual([]);
  await saysThat('^WebAssembly: \\d+ ms a step \\(WebGL: not there; WebGPU: not there\\)$');
  await page.click('#one');
  await drawn(page);
  expect(await problems(page)).toEqual([]);
});
