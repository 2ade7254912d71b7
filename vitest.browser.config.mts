import { defineConfig } from 'vitest/config';

// The tests in a real browser, each file with a JupyterLab of its own: they wait more than they work, so two at a
// time are no slower than one. SDM_SCREENSHOTS takes the README's pictures instead.
const kind = process.env.SDM_SCREENSHOTS ? 'shots' : 'browser';

export default defineConfig({
  test: {
    include: [`test/browser/**/*.${kind}.ts`],
    maxWorkers: 2,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
