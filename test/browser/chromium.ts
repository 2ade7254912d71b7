import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import { loadScript, root } from '../support/script';

const { findChromium } = loadScript<{ findChromium: () => string | null }>('setup/chromium.mjs');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
];

/**
 * The system's Chromium with a profile of its own, which ends with it.
 *
 * @param flags beside those that all tests have
 */
export async function startChromium(flags: readonly string[] = []): Promise<{
  context: BrowserContext;
  page: Page;
  close: () => Promise<void>;
}> {
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new Error('Expected Chromium on the PATH. `npm test` installs it, or says how to.');
  }
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [...FLAGS, ...flags],
    viewport: { width: 1100, height: 900 },
    acceptDownloads: true,
  });
  context.setDefaultTimeout(60_000);
  const page = context.pages()[0] ?? (await context.newPage());
  const close = async () => {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true });
  };
  return { context, page, close };
}

/** If the present test fails, keeps what the page shows under runs/browser. */
export function keepPageOfFailure(page: Page): void {
  onTestFailed(async ({ task }) => {
    const name = `failed ${task.name}.png`.replace(/[^\w.]+/g, '-');
    await page.screenshot({ path: path.join(root, 'runs', 'browser', name) });
  });
}
