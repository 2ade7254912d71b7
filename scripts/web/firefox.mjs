// The page of the shipped model in a stock Firefox: from a server, and as one file from the disk. Draws, compares with what Node
// draws, and prints a table. Firefox is not one of the project's needs: this is run by hand.
//
//   node scripts/web/firefox.mjs [firefox-esr]
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { library } from '../command-line/command.mjs';
import { inRoot } from '../setup/paths.mjs';
import { startFirefox } from './bidi.mjs';
import { makePage, modelFiles } from './made-page.mjs';
import { serveFolder } from './serve.mjs';

const MODEL = inRoot('checkpoints', 'mnist-text-to-image');
/** Images are equal to this, of 0 to 1. */
const TOLERANCE = 1e-5;
const STEPS = 10;
const WISHES = [
  ['ddim', 1, 7],
  ['dpm-solver++', 1.5, 21],
  ['ddpm', 1.5, 35],
].map(([sampler, guidance, seed]) => ({ sampler, guidance, seed, prompt: `A handwritten digit ${seed % 10}` })); // prettier-ignore

const output = inRoot('runs', 'firefox', 'site');
const file = inRoot('runs', 'firefox', 'digits.html');
makePage('--checkpoint', MODEL, '--output', output, '--single', file);

/** What Node draws with the page's own weights. */
async function byNode() {
  library();
  const { loadPipeline } = library('web/load-pipeline.js');
  const { makeSampler } = library('schedulers/samplers.js');
  const pipeline = await loadPipeline(modelFiles(path.join(output, 'model')));
  const drawn = [];
  for (const { sampler, guidance, seed, prompt } of WISHES) {
    pipeline.scheduler = makeSampler(sampler, pipeline.scheduler.config);
    const options = { seed, numInferenceSteps: STEPS, guidanceScale: guidance };
    drawn.push((await pipeline.generate(prompt, options)).images.data);
  }
  return drawn;
}

/* global document, Worker -- of the page, in which these functions run */

/** Keeps the numbers of each picture that a worker draws. */
function keepNumbers() {
  globalThis.kept = [];
  globalThis.Worker = class extends Worker {
    constructor(url) {
      super(url);
      this.addEventListener('message', ({ data }) => {
        if (data.pixels) globalThis.kept.push(Array.from(data.pixels));
      });
    }
  };
}

/** Waits until the page can draw, or says why not. */
async function ready() {
  const problems = () => [...document.querySelectorAll('#problems li')].map((e) => e.textContent);
  while (!document.body.dataset.ready && problems().length === 0)
    await new Promise((resolve) => setTimeout(resolve, 50));
  return problems();
}

/** Draws by the page's own form. */
async function draw(wish, steps) {
  for (const [id, value] of Object.entries({ ...wish, steps }))
    document.getElementById(id).value = value;
  document.getElementById('one').click();
  while (document.getElementById('one').disabled)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const problems = [...document.querySelectorAll('#problems li')].map((e) => e.textContent);
  return { pixels: globalThis.kept.pop(), status: document.getElementById('status').textContent, problems }; // prettier-ignore
}

const node = await byNode();
const server = await serveFolder(output);
const firefox = await startFirefox(process.argv[2] ?? 'firefox-esr');
let isGood = true;
try {
  await firefox.before(keepNumbers);
  console.log(`Firefox ${firefox.version}, ${STEPS} steps\n`);
  console.log('| opened | picture | furthest number from Node | the page says |');
  console.log('| --- | --- | --- | --- |');
  const places = { 'from a server': server.resolvedUrls.local[0], 'from the disk': pathToFileURL(file).href }; // prettier-ignore
  for (const [place, url] of Object.entries(places)) {
    await firefox.open(url);
    const told = await firefox.evaluate(ready);
    if (told.length > 0) throw new Error(`${place}: ${told.join(' ')}`);
    for (const [i, wish] of WISHES.entries()) {
      const { pixels, status, problems } = await firefox.evaluate(draw, wish, STEPS);
      const off = pixels ? Math.max(...pixels.map((x, k) => Math.abs(x - node[i][k]))) : NaN;
      isGood &&= off <= TOLERANCE && problems.length === 0;
      const what = `${wish.sampler}, guidance ${wish.guidance}, seed ${wish.seed}`;
      console.log(`| ${place} | ${what} | ${off.toExponential(1)} | ${[status, ...problems].join(' ')} |`); // prettier-ignore
    }
    const engines = await firefox.evaluate(() => document.getElementById('computes').textContent);
    console.log(`| ${place} | engines | | ${engines} |`);
  }
} finally {
  await firefox.close();
  await server.close();
}
console.log(isGood ? '\nAll within 1e-5.' : '\nNot as Node draws.');
process.exit(isGood ? 0 : 1);
