import { defineConfig } from 'vitest/config';

/** The tests in a real browser: one JupyterLab, one after the other. SDM_SCREENSHOTS takes the README's pictures. */
const kind = process.env.SDM_SCREENSHOTS ? 'shots' : 'browser';

export default defineConfig({
  test: {
    include: [`test/browser/**/*.${kind}.ts`],
    fileParallelism: false,
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
