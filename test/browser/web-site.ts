/** The page that `npm run web` makes of a model, and a server that can serve it badly. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Frame, Page } from 'playwright-core';
import '../../lib/backend/node';
import '../../lib/pretrained';
import { makeSampler } from '../../lib/schedulers/samplers';
import { loadPipeline } from '../../lib/web/load-pipeline';
import { root } from '../support/script';
import type { Wish } from '../../web/messages';

/** The model that ships. */
export const MODEL = path.join(root, 'checkpoints', 'mnist-text-to-image');

export interface Site {
  readonly folder: string;
  readonly file: string;
}

/** @throws Error with what the command printed, if it fails */
export function makeSite(folder: string, model = MODEL, ...options: string[]): Site {
  const site = { folder: path.join(folder, 'site'), file: path.join(folder, 'digits.html') };
  const script = path.join(root, 'scripts', 'web.mjs');
  const args = [...options, '--checkpoint', model, '--output', site.folder, '--single', site.file];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^VITEST|^NODE_ENV/.test(name)),
  );
  const made = spawnSync(process.execPath, [script, ...args], { env, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stdout + made.stderr);
  return site;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

export interface SiteServer {
  readonly url: string;
  /** What was asked for. */
  readonly asked: string[];
  /** What is made of a file before it is sent; null: there is none. */
  change: (name: string, bytes: Buffer) => Buffer | null;
  close(): Promise<void>;
}

/** Serves a folder below a path. */
export async function serve(folder: string, below: string): Promise<SiteServer> {
  const asked: string[] = [];
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    asked.push(pathname);
    const name = pathname.startsWith(below) ? pathname.slice(below.length) || 'index.html' : '';
    const file = path.join(folder, name);
    const isFile = name !== '' && fs.statSync(file, { throwIfNoEntry: false })?.isFile();
    const bytes = isFile ? own.change(name, fs.readFileSync(file)) : null;
    if (bytes === null) return void response.writeHead(404).end('none');
    response.writeHead(200, { 'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream' }); // prettier-ignore
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own: SiteServer = {
    url: `http://127.0.0.1:${port}${below}`,
    asked,
    change: (_, bytes) => bytes,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return own;
}

/** Opens the page and waits until it can draw, or says why not. @returns what it says */
export async function open(page: Page, url: string): Promise<string[]> {
  await page.goto('about:blank');
  await page.goto(url);
  await page.waitForFunction(
    () =>
      document.body.dataset['ready'] !== undefined ||
      document.querySelector('#problems li') !== null,
  );
  return problems(page);
}

export const problems = (page: Page | Frame): Promise<string[]> =>
  page.locator('#problems li').allTextContents();

/** Waits until nothing is drawn any more. */
export const drawn = (page: Page | Frame): Promise<unknown> =>
  page.waitForFunction(() => !document.querySelector<HTMLButtonElement>('#one')!.disabled, null, {
    timeout: 200_000,
  });

/** Waits until a picture is at a step or past it: one that is drawn fast skips what a look at it misses. */
export const stepShown = (page: Page | Frame, step: number): Promise<unknown> =>
  page.waitForFunction((wanted) => {
    const told = document.querySelector('#pictures canvas')?.getAttribute('aria-label') ?? '';
    return Number(/step (\d+) of/.exec(told)?.[1]) >= wanted;
  }, step);

/** The grey values of the pictures on the page, 0 to 255. */
export const pixels = (page: Page | Frame): Promise<number[][]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLCanvasElement>('#pictures canvas')].map((canvas) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]!);
    }),
  );

/** What Node draws with the page's own weights: from 0 to 1, [height · width · channels] each. */
export async function drawnByNode(site: Site, wishes: readonly Wish[]): Promise<Float32Array[]> {
  const model = path.join(site.folder, 'model');
  const names = fs.readdirSync(model, { recursive: true }) as string[];
  const files = names.filter((name) => fs.statSync(path.join(model, name)).isFile());
  const pipeline = await loadPipeline(
    Object.fromEntries(files.map((name) => [name, fs.readFileSync(path.join(model, name))])),
  );
  const all: Float32Array[] = [];
  for (const { prompt, seed, steps, sampler, guidance } of wishes) {
    pipeline.scheduler = makeSampler(sampler, pipeline.scheduler.config);
    const options = { seed, numInferenceSteps: steps, guidanceScale: guidance };
    const { images } = await pipeline.generate(prompt, options);
    all.push(images.data as Float32Array);
  }
  pipeline.dispose();
  return all;
}

/** The largest difference of two pictures. */
export const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

/** Keeps the numbers of each picture that a worker of the page draws, from the next time on that it is loaded. */
export async function keepNumbers(page: Page): Promise<() => Promise<number[][]>> {
  await page.addInitScript(() => {
    const kept: number[][] = [];
    const Plain = Worker;
    Object.assign(globalThis, {
      kept,
      Worker: class extends Plain {
        constructor(url: string) {
          super(url);
          this.addEventListener('message', ({ data }: MessageEvent<{ pixels?: Float32Array }>) => {
            if (data.pixels) kept.push(Array.from(data.pixels));
          });
        }
      },
    });
  });
  return () => page.evaluate(() => (globalThis as unknown as { kept: number[][] }).kept);
}
