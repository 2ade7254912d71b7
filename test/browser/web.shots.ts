/** The README's picture of the page that `npm run web` makes. */
import path from 'node:path';
import { it } from 'vitest';
import { root } from '../support/script';
import { startChromium } from './chromium';
import { drawn, makeSite, open } from './web-site';

it('the page with ten digits', async () => {
  const site = makeSite(path.join(root, 'runs', 'browser', 'web-shots'));
  const { page, close } = await startChromium();
  await page.setViewportSize({ width: 1000, height: 800 });
  await open(page, `file://${site.file}#guidance=1.1&seed=2&steps=20`);
  await page.click('#all');
  await drawn(page);
  await page.screenshot({ path: path.join(root, 'docs', 'images', 'web-page.png') });
  await close();
});
