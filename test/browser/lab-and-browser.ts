import fs from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { keepPageOfFailure, startChromium } from './chromium';
import { startLab, type Lab } from './jupyterlab';

type Browser = Awaited<ReturnType<typeof startChromium>>;

export interface LabAndBrowser {
  readonly lab: Lab;
  readonly browser: Browser;
  readonly page: Page;
}

/**
 * Starts a JupyterLab and a Chromium before the tests of a file or suite, and ends them after.
 *
 * @param folder is emptied first; where notebooks, checkpoints, settings and runtime files go
 * @param prepare writes the notebooks into it, before the start
 * @param started gets both once they run
 */
export function useLabAndBrowser(
  folder: string,
  prepare: () => void,
  started: (both: LabAndBrowser) => void | Promise<void>,
): void {
  let lab: Lab | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    fs.rmSync(folder, { recursive: true, force: true });
    prepare();
    const both = await Promise.all([startLab(folder), startChromium()]);
    [lab, browser] = both;
    await started({ lab: both[0], browser: both[1], page: both[1].page });
  });
  beforeEach(() => {
    if (browser) keepPageOfFailure(browser.page);
  });
  afterAll(async () => {
    await browser?.close();
    await lab?.close();
  });
}
