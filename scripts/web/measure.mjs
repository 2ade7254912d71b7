// How fast is the page of the model that ships, and does its memory stay flat? In Chromium, opened from the disk.
//
//   node scripts/web/measure.mjs [PICTURES]     default: 200 pictures for the memory
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../setup/chromium.mjs';
import { inRoot } from '../setup/paths.mjs';
import { makePage } from './made-page.mjs';

const pictures = Number(process.argv[2] ?? 200);
const file = inRoot('runs', 'web-measure', 'digits.html');
makePage('--checkpoint', inRoot('checkpoints', 'mnist-text-to-image'), '--single', file);

const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-measure-'));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = context.pages()[0];
page.setDefaultTimeout(300_000);
const tell = (what, value) => console.log(`${what}: ${value}`);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/* global document -- of the page, in which these functions run */

const open = async (link) => {
  await page.goto('about:blank');
  await page.goto(pathToFileURL(file).href + link);
  await page.waitForFunction(() => document.body.dataset.ready);
};
const draw = async (button) => {
  const since = performance.now();
  await page.click(button);
  await page.waitForFunction(() => !document.querySelector('#one').disabled);
  return seconds(since);
};

/** MiB that the page and its workers hold: the renderers below this browser. */
function memory() {
  const lines = spawnSync('ps', ['-eo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' }).stdout;
  const all = lines.split('\n').map((line) => {
    const [pid, parent, rss, ...words] = line.trim().split(/\s+/);
    return { pid, parent, rss: Number(rss), text: words.join(' ') };
  });
  const own = new Set(all.filter(({ text }) => text.includes(profile)).map(({ pid }) => pid));
  for (let size = -1; size !== own.size;) {
    size = own.size;
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid);
  }
  const renderers = all.filter(({ pid, text }) => own.has(pid) && /--type=renderer/.test(text));
  return Math.round(renderers.reduce((sum, { rss }) => sum + rss, 0) / 1024);
}

const since = performance.now();
await open('#steps=20&guidance=1.1&sampler=dpm-solver%2B%2B');
tell('ready, from the disk', seconds(since));
await draw('#one');
tell('first guided digit, 20 steps, from the opening on', seconds(since));
tell('one guided digit, 20 steps', await draw('#one'));
tell('ten guided digits, 20 steps', await draw('#all'));
await open('#steps=20&guidance=1&sampler=dpm-solver%2B%2B');
await page.selectOption('#engine', 'wasm');
tell('one digit, 20 steps, without guidance', await draw('#one'));
tell('the same again', await draw('#one'));

// Ten at once: two workers or more, each as full as it will be.
await page.fill('#steps', '2');
for (let drawn = 10; drawn <= pictures; drawn += 10) {
  await draw('#all');
  if (drawn === 20 || drawn === pictures) tell(`memory after ${drawn} pictures`, `${memory()} MiB`);
}
await context.close();
fs.rmSync(profile, { recursive: true, force: true });
