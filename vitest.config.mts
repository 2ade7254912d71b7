import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // TensorFlow's native library cannot be loaded by several threads of one process.
    pool: 'forks',
    setupFiles: ['test/support/matchers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
