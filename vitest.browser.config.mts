import { defineConfig } from 'vitest/config';

/** The tests in a real browser: one JupyterLab, one after the other. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
