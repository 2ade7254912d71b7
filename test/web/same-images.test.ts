/** A page's library draws in a process of its own, without tfjs-node, what the package draws. SDM_WEB_SEEDS=20 draws more seeds. */
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import '../../lib/pretrained';
import { tf } from '../../lib/backend/node';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { makeSampler } from '../../lib/schedulers/samplers';
import { compiled, type Compiled } from '../support/compiled';
import { root } from '../support/script';
import { drawAll, GUIDANCE, SAMPLERS, type DrawnImages } from './node-images';

const MODEL = path.join(root, 'checkpoints', 'mnist-text-to-image');
const SEEDS = process.env.SDM_WEB_SEEDS
  ? Array.from({ length: Number(process.env.SDM_WEB_SEEDS) }, (_, i) => 3 + 11 * i)
  : [3, 14, 159];
const STEPS = 6;

const SCRIPT = `
  const { loadPipeline, makeSampler, openWasm, tf } = require('./lib/web');
  const { drawAll } = require('./test/web/node-images');
  (async () => {
    const { url, seeds, steps } = JSON.parse(process.env.WANTED);
    await openWasm();
    const pipeline = await loadPipeline(url);
    const before = tf.memory().numTensors;
    const drawn = await drawAll(pipeline, makeSampler, seeds, steps);
    const leaked = tf.memory().numTensors - before;
    pipeline.dispose();
    const left = tf.memory().numTensors;
    const buffers = tf.findBackend('wasm').numDataIds();
    const loaded = [...Object.keys(require.cache), ...process.moduleLoadList];
    console.log(JSON.stringify({ backend: tf.getBackend(), drawn, leaked, left, buffers, loaded }));
  })();
`;

interface Printed {
  readonly backend: string;
  readonly drawn: DrawnImages[];
  readonly leaked: number;
  readonly left: number;
  readonly buffers: number;
  readonly loaded: string[];
}

let server: http.Server;
let library: Compiled;
let printed: Printed;
let ours: DrawnImages[];
let before: number;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const file = path.join(MODEL, decodeURIComponent(request.url ?? ''));
    if (!fs.existsSync(file)) response.writeHead(404).end();
    else response.end(fs.readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  library = compiled('lib/web.ts', 'test/web/node-images.ts');
  const wanted = { url: `http://127.0.0.1:${port}/`, seeds: SEEDS, steps: STEPS };
  const env = { WANTED: JSON.stringify(wanted) };
  const child = library.runAsync(SCRIPT, env);
  before = tf.memory().numTensors;
  const pipeline = TextToImagePipeline.fromPretrained(MODEL);
  ours = await drawAll(pipeline, makeSampler, SEEDS, STEPS);
  pipeline.dispose();
  printed = JSON.parse(await child) as Printed;
}, 600_000);
afterAll(() => {
  server.close();
  library.dispose();
});

const furthest = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

it('over WebAssembly, with nothing of tfjs-node loaded', () => {
  expect(printed.backend).toBe('wasm');
  expect(printed.loaded.filter((name) => /tfjs-node|backend\/node|\.node$/.test(name))).toEqual([]);
});

it.each(SAMPLERS.flatMap((sampler) => GUIDANCE.map((scale) => [sampler, scale] as const)))(
  'by %s with guidance %d within 1e-5',
  (sampler, guidanceScale) => {
    const of = (all: readonly DrawnImages[]) =>
      all.filter((one) => one.sampler === sampler && one.guidanceScale === guidanceScale);
    const [theirs, own] = [of(printed.drawn), of(ours)];
    expect(theirs.map(({ seed }) => seed)).toEqual(SEEDS);
    const off = theirs.map(({ pixels }, i) => furthest(pixels, own[i]!.pixels));
    if (process.env.SDM_WEB_SEEDS) console.log(`${off.length} seeds: ${Math.max(...off)}`);
    for (const distance of off) expect(distance).toBeLessThan(1e-5);
    // Another seed's image is another one.
    expect(furthest(theirs[0]!.pixels, own[1]!.pixels)).toBeGreaterThan(0.5);
  },
);

it('and leaves nothing behind, transposed weights included', () => {
  const { leaked, left, buffers } = printed;
  expect({ leaked, left, buffers }).toEqual({ leaked: 0, left: 0, buffers: 0 });
  expect(tf.memory().numTensors).toBe(before);
});
